mock_provider "google" {}

variables {
  network_name = "example-gcp-tokyo"
  project      = "example-fleet"
  region       = "asia-northeast1"
  zones        = ["asia-northeast1-a", "asia-northeast1-b"]
  network      = "projects/example-fleet/global/networks/example-gcp-tokyo"
  subnetwork   = "projects/example-fleet/regions/asia-northeast1/subnetworks/example-gcp-tokyo-proxy"
  tag          = "example-gcp-tokyo-proxy"
  host         = "proxy.gcp-tokyo.example.internal"
  zone_name    = "example-gcp-tokyo"
  machines     = 2
  image        = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101"
  squid_conf   = "http_port 3128\nhttp_access deny all\n"
}

run "only_the_network_connects" {
  command = plan

  assert {
    condition     = google_compute_forwarding_rule.this.load_balancing_scheme == "INTERNAL" && google_compute_forwarding_rule.this.ports == toset(["3128"])
    error_message = "an internal load balancer with one port"
  }

  assert {
    condition     = length(google_compute_region_instance_template.this.network_interface[0].access_config) == 0
    error_message = "no public address"
  }
}

run "none_is_missing_while_it_is_replaced" {
  command = plan

  assert {
    condition     = google_compute_region_instance_group_manager.this.update_policy[0].max_unavailable_fixed == 0 && google_compute_region_instance_group_manager.this.update_policy[0].max_surge_fixed == 2
    error_message = "new machines first, one in each zone"
  }
}

run "the_machines_get_squids_configuration" {
  command = plan

  assert {
    condition     = yamldecode(google_compute_region_instance_template.this.metadata.user-data).write_files[0] == { path = "/etc/squid/squid.conf", content = "http_port 3128\nhttp_access deny all\n" }
    error_message = "cloud-init writes what fleetgen generated"
  }
}

run "a_family_of_images_and_a_long_name_are_refused" {
  command = plan

  variables {
    image        = "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64"
    network_name = "a-network-whose-name-is-long"
  }

  expect_failures = [var.image, var.network_name]
}
