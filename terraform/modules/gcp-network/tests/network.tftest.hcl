mock_provider "google" {}

variables {
  name    = "example-gcp-tokyo"
  project = "example-fleet"
  region  = "asia-northeast1"
  cidr    = "10.48.0.0/16"
  subnets = {
    machines   = "10.48.0.0/19"
    build      = "10.48.128.0/20"
    proxy      = "10.48.192.0/22"
    proxy-only = "10.48.240.0/22"
  }
  zone_name             = "gcp-tokyo.example.internal"
  proxy_port            = 3128
  proxy_service_account = "proxy@example-fleet.iam.gserviceaccount.com"
  build_service_account = "build@example-fleet.iam.gserviceaccount.com"
}

run "only_the_proxy_has_a_way_out" {
  command = plan

  assert {
    condition     = google_compute_network.this.delete_default_routes_on_create && tolist(google_compute_route.proxy_to_internet.tags) == tolist(["example-gcp-tokyo-proxy"])
    error_message = "no default route but the proxy's"
  }

  assert {
    condition     = google_compute_router_nat.this.source_subnetwork_ip_ranges_to_nat == "LIST_OF_SUBNETWORKS" && length(google_compute_router_nat.this.subnetwork) == 1
    error_message = "NAT serves one subnetwork"
  }

  assert {
    condition     = google_compute_firewall.egress["nothing-else"].priority > google_compute_firewall.egress["google-apis"].priority && length(google_compute_firewall.egress["nothing-else"].deny) == 1
    error_message = "whatever nothing else allows is denied"
  }
}

run "googles_apis_have_private_addresses" {
  command = plan

  assert {
    condition     = google_dns_record_set.google["googleapis"].rrdatas == tolist(["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]) && google_compute_route.google_apis.dest_range == "199.36.153.8/30"
    error_message = "names and route agree"
  }

  assert {
    condition     = alltrue([for subnetwork in google_compute_subnetwork.this : subnetwork.private_ip_google_access])
    error_message = "every subnetwork with machines"
  }
}

run "without_builds_there_are_no_rules_for_them" {
  command = plan

  variables {
    subnets = {
      machines   = "10.48.0.0/19"
      proxy      = "10.48.192.0/22"
      proxy-only = "10.48.240.0/22"
    }
    build_service_account = null
  }

  assert {
    condition     = !contains(keys(google_compute_firewall.egress), "build-alone") && tolist(google_compute_firewall.ingress["proxy"].source_ranges) == tolist(["10.48.0.0/19"])
    error_message = "machines only"
  }
}

run "another_subnet_is_refused" {
  command = plan

  variables {
    subnets = { machines = "10.48.0.0/19", proxy = "10.48.192.0/22", proxy-only = "10.48.240.0/22", edge = "10.48.244.0/22" }
  }

  expect_failures = [var.subnets]
}
