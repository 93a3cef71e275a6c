mock_provider "google" {}

variables {
  name            = "example-prod-web"
  description     = "Web front end"
  project         = "example-fleet"
  region          = "asia-northeast1"
  zones           = ["asia-northeast1-a", "asia-northeast1-b"]
  network         = { network = "n", subnetwork = "s" }
  bootstrap_image = "projects/ubuntu-os-cloud/global/images/ubuntu-2404"
  machine_type    = "n2-standard-2"
  service_account = "example-prod-web@example-fleet.iam.gserviceaccount.com"
  size            = { min = 2, desired = 3, max = 6 }
  disk            = { size_gib = 20 }
  maintenance     = { max_surge_fixed = 2, max_unavailable_fixed = 0 }
}

run "a_group_by_itself" {
  command = plan

  assert {
    condition     = length(google_compute_region_instance_template.this.network_interface[0].access_config) == 0
    error_message = "a machine has no public address"
  }

  assert {
    condition     = google_compute_region_instance_template.this.metadata["enable-oslogin"] == "TRUE" && google_compute_region_instance_template.this.metadata["block-project-ssh-keys"] == "TRUE"
    error_message = "logins are those of OS Login, and no project-wide key opens a machine"
  }

  assert {
    condition     = google_compute_region_instance_template.this.shielded_instance_config[0].enable_secure_boot && google_compute_region_instance_template.this.shielded_instance_config[0].enable_vtpm
    error_message = "machines are Shielded VMs"
  }

  assert {
    condition     = google_compute_region_instance_template.this.deletion_policy == "ABANDON"
    error_message = "a template that the rollout may go back to must not be deleted"
  }

  assert {
    condition     = google_compute_region_autoscaler.this.autoscaling_policy[0].min_replicas == 3 && google_compute_region_autoscaler.this.autoscaling_policy[0].max_replicas == 3
    error_message = "without scaling the group is held at the size that was asked for"
  }

  assert {
    condition     = length(google_compute_firewall.this) == 0
    error_message = "nothing is open that was not asked for"
  }

  assert {
    condition     = google_compute_region_instance_template.this.scheduling[0].on_host_maintenance == "MIGRATE"
    error_message = "a plain machine moves with its host"
  }
}

run "a_new_group_is_left_alone" {
  command = plan

  variables {
    hold_replacements = true
    health            = { port = 8080 }
    proxy             = { url = "http://proxy.example.internal:3128", exceptions = ["localhost"] }
  }

  assert {
    condition     = google_compute_region_instance_group_manager.this.update_policy[0].type == "OPPORTUNISTIC" && length(google_compute_region_instance_group_manager.this.auto_healing_policies) == 0
    error_message = "on a vendor's image, unhealthy machines stay"
  }

  assert {
    condition     = strcontains(yamldecode(google_compute_region_instance_template.this.metadata["user-data"]).write_files[0].content, "HTTPS_PROXY=http://proxy.example.internal:3128\n")
    error_message = "cloud-init writes the proxy's address"
  }
}

run "gpus_go_where_they_are" {
  command = plan

  variables {
    machine_type   = "g2-standard-16"
    has_gpus       = true
    live_migration = false
  }

  assert {
    condition     = google_compute_region_instance_group_manager.this.distribution_policy_target_shape == "BALANCED" && google_compute_region_instance_group_manager.this.update_policy[0].instance_redistribution_type == "NONE"
    error_message = "not every zone has GPUs"
  }
}

run "a_schedule_alone_decides" {
  command = plan

  variables {
    size    = { min = 3, desired = 3, max = 6 }
    scaling = { schedules = { night = { cron = "0 1 * * *", machines = 6, duration_seconds = 3600 } } }
  }

  assert {
    condition     = google_compute_region_autoscaler.this.autoscaling_policy[0].cpu_utilization[0].target == 1
    error_message = "without a target, Google would add one of 60 %"
  }
}

run "scaled_and_healed" {
  command = plan

  variables {
    health   = { protocol = "tcp", port = 8080 }
    backends = { main = { port = 8080, source_ranges = ["130.211.0.0/22"] }, media = { port = 9000, protocol = "udp", source_ranges = ["198.51.100.0/24"] } }
    ports    = [{ port = "9100-9200", protocol = "tcp", cidrs = ["10.0.0.0/8"] }, { port = "7000", protocol = "tcp", cidrs = [], service_accounts = ["web@example-fleet.iam.gserviceaccount.com"] }]
    egress   = [{ to = "databases", port = "5432", protocol = "tcp", cidrs = ["10.200.8.0/24"] }]
    scaling  = { cpu_percent = 60, queue = { name = "jobs", messages_per_machine = 100 } }
  }

  assert {
    condition     = toset(keys(google_compute_firewall.this)) == toset(["health", "load-balancer", "backend-media", "tcp-9100-9200", "tcp-7000"])
    error_message = "each way in has a rule"
  }

  assert {
    condition     = google_compute_firewall.this["backend-media"].allow != null && one(google_compute_firewall.this["backend-media"].allow).protocol == "udp" && google_compute_firewall.this["tcp-7000"].source_service_accounts == toset(["web@example-fleet.iam.gserviceaccount.com"]) && google_compute_firewall.this["tcp-7000"].source_ranges == null
    error_message = "UDP is UDP, and a port may be open to the machines of an account alone"
  }

  assert {
    condition     = google_compute_firewall.egress["to-databases-tcp-5432"].direction == "EGRESS" && google_compute_firewall.egress["to-databases-tcp-5432"].destination_ranges == toset(["10.200.8.0/24"])
    error_message = "machines reach their destinations"
  }

  assert {
    condition     = google_compute_region_autoscaler.this.autoscaling_policy[0].metric[0].single_instance_assignment == 100 && strcontains(google_compute_region_autoscaler.this.autoscaling_policy[0].metric[0].filter, "subscription_id = \"jobs\"")
    error_message = "the messages that wait decide"
  }

  assert {
    condition     = toset(google_compute_region_instance_group_manager.this.named_port[*].name) == toset(["load-balancer", "media"])
    error_message = "backend services find ports by their names"
  }

  assert {
    condition     = google_compute_region_autoscaler.this.autoscaling_policy[0].cpu_utilization[0].target == 0.6 && google_compute_region_autoscaler.this.autoscaling_policy[0].max_replicas == 6
    error_message = "a percentage becomes a fraction"
  }

  assert {
    condition     = length(google_compute_health_check.this[0].tcp_health_check) == 1 && length(google_compute_health_check.this[0].http_health_check) == 0
    error_message = "a health check speaks one protocol"
  }
}

run "disks_metadata_and_configuration" {
  command = plan

  variables {
    disk           = { size_gib = 20, type = "hyperdisk-balanced", iops = 6000, throughput = 300 }
    data_disks     = { data = { size_gib = 500, mount = "/srv/data", owner = "web" } }
    instance_store = { mount = "/srv/cache", disks = 2 }
    config         = { environment = { LOG_LEVEL = "debug" } }
    metadata       = { note = "x", enable-oslogin = "FALSE" }
  }

  assert {
    condition     = length(google_compute_region_instance_template.this.disk) == 4 && google_compute_region_instance_template.this.disk[2].type == "SCRATCH" && google_compute_region_instance_template.this.disk[3].type == "SCRATCH" && google_compute_region_instance_template.this.disk[1].device_name == "data" && google_compute_region_instance_template.this.disk[0].provisioned_iops == 6000
    error_message = "the boot disk, the data disk, and two local ones"
  }

  assert {
    condition     = yamldecode(google_compute_region_instance_template.this.metadata["user-data"]).write_files[1].content == "google-data ext4 web /srv/data\ninstance-store ext4 root /srv/cache\n"
    error_message = "the machine knows where disks are mounted"
  }

  assert {
    condition     = google_compute_region_instance_template.this.metadata["note"] == "x" && google_compute_region_instance_template.this.metadata["enable-oslogin"] == "TRUE"
    error_message = "metadata adds entries, and changes none of sessions"
  }
}

run "spot_with_gpu" {
  command = plan

  variables {
    machine_type   = "n1-standard-4"
    live_migration = false
    accelerator    = { type = "nvidia-tesla-t4", count = 1 }
    spot           = true
  }

  assert {
    condition     = google_compute_region_instance_template.this.scheduling[0].on_host_maintenance == "TERMINATE" && google_compute_region_instance_template.this.scheduling[0].provisioning_model == "SPOT"
    error_message = "such a machine cannot move, and may be taken away"
  }
}

run "a_family_is_refused" {
  command = plan

  variables {
    bootstrap_image = "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts"
  }

  expect_failures = [var.bootstrap_image]
}

run "fewer_than_one_a_zone_is_refused" {
  command = plan

  variables {
    maintenance = { max_surge_fixed = 1, max_unavailable_fixed = 0 }
  }

  expect_failures = [var.maintenance]
}

run "a_group_that_could_never_be_replaced_is_refused" {
  command = plan

  variables {
    maintenance = { max_surge_fixed = 0, max_unavailable_percent = 0 }
  }

  expect_failures = [var.maintenance]
}

run "a_service_account_is_an_address" {
  command = plan

  variables {
    service_account = "example-prod-web"
  }

  expect_failures = [var.service_account]
}

run "a_zone_of_another_region_is_refused" {
  command = plan

  variables {
    zones = ["asia-northeast2-a"]
  }

  expect_failures = [var.zones]
}

run "a_label_that_is_none_is_refused" {
  command = plan

  variables {
    labels = { Team = "Platform" }
  }

  expect_failures = [var.labels]
}
