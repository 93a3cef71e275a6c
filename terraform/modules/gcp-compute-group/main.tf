locals {
  has_gpus = var.has_gpus || var.accelerator != null

  # Disks that the group names, and as many local ones as it attaches.
  local_disks = var.instance_store == null ? 0 : coalesce(var.instance_store.disks, 0)
}

module "user_data" {
  source = "../machine-user-data"

  cloud  = "gcp"
  place  = var.project
  proxy  = var.proxy
  config = var.config
  disks = concat(
    [for name, disk in var.data_disks : { device = "google-${name}", filesystem = disk.filesystem, owner = disk.owner, mount = disk.mount }],
    var.instance_store == null ? [] : [{ device = "instance-store", filesystem = var.instance_store.filesystem, owner = var.instance_store.owner, mount = var.instance_store.mount }],
  )
}

resource "google_compute_region_instance_template" "this" {
  name_prefix          = "${var.name}-"
  project              = var.project
  region               = var.region
  description          = "Machines of ${var.name}"
  instance_description = var.description
  machine_type         = var.machine_type
  labels               = var.labels

  # Keep the old template: the group may still run it, and the rollout may go back to it. The rollout deletes it later.
  deletion_policy = "ABANDON"

  disk {
    source_image = var.bootstrap_image
    boot         = true
    auto_delete  = true
    disk_type    = var.disk.type
    disk_size_gb = var.disk.size_gib
    labels       = var.labels

    provisioned_iops       = var.disk.iops
    provisioned_throughput = var.disk.throughput

    dynamic "disk_encryption_key" {
      for_each = var.disk.kms_key == null ? [] : [var.disk.kms_key]

      content {
        kms_key_self_link = disk_encryption_key.value
      }
    }
  }

  dynamic "disk" {
    for_each = var.data_disks

    content {
      # The machine finds it as /dev/disk/by-id/google-NAME.
      device_name            = disk.key
      auto_delete            = true
      disk_type              = disk.value.type
      disk_size_gb           = disk.value.size_gib
      provisioned_iops       = disk.value.iops
      provisioned_throughput = disk.value.throughput
      labels                 = var.labels

      dynamic "disk_encryption_key" {
        for_each = var.disk.kms_key == null ? [] : [var.disk.kms_key]

        content {
          kms_key_self_link = disk_encryption_key.value
        }
      }
    }
  }

  # Google encrypts them with keys that end with the machine.
  dynamic "disk" {
    for_each = range(local.local_disks)

    content {
      type         = "SCRATCH"
      disk_type    = "local-ssd"
      interface    = "NVME"
      disk_size_gb = 375
      auto_delete  = true
    }
  }

  # Without an access_config there is no public address.
  network_interface {
    network    = var.network.network
    subnetwork = var.network.subnetwork
  }

  service_account {
    email = var.service_account
    # Roles decide what the machine may do. Scopes would only obscure it.
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
  }

  metadata = merge(
    var.metadata,
    {
      block-project-ssh-keys = "TRUE"
      enable-oslogin         = "TRUE"
      serial-port-enable     = "FALSE"
    },
    module.user_data.user_data == null ? {} : { user-data = module.user_data.user_data },
  )

  dynamic "guest_accelerator" {
    for_each = var.accelerator == null ? [] : [var.accelerator]

    content {
      type  = guest_accelerator.value.type
      count = guest_accelerator.value.count
    }
  }

  scheduling {
    on_host_maintenance         = var.live_migration ? "MIGRATE" : "TERMINATE"
    automatic_restart           = !var.spot
    preemptible                 = var.spot
    provisioning_model          = var.spot ? "SPOT" : "STANDARD"
    instance_termination_action = var.spot ? "STOP" : null
  }

  shielded_instance_config {
    enable_secure_boot          = var.secure_boot
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    create_before_destroy = true

    # The rollout owns the image. A new one here would only leave unused templates behind.
    ignore_changes = [disk[0].source_image]
  }
}

resource "google_compute_region_instance_group_manager" "this" {
  name                      = var.name
  project                   = var.project
  region                    = var.region
  description               = var.description
  base_instance_name        = var.name
  distribution_policy_zones = var.zones
  # GPUs are rarely to be had in all zones alike.
  distribution_policy_target_shape = local.has_gpus ? "BALANCED" : "EVEN"
  list_managed_instances_results   = "PAGINATED"

  # A machine on the bootstrap image may never become healthy.
  wait_for_instances = false

  version {
    instance_template = google_compute_region_instance_template.this.self_link
  }

  update_policy {
    # On a vendor's image, no machine ever becomes healthy: nothing is replaced until the first rollout.
    type                           = var.hold_replacements ? "OPPORTUNISTIC" : "PROACTIVE"
    minimal_action                 = "REPLACE"
    most_disruptive_allowed_action = "REPLACE"
    replacement_method             = "SUBSTITUTE"
    instance_redistribution_type   = local.has_gpus ? "NONE" : "PROACTIVE"
    max_surge_fixed                = var.maintenance.max_surge_fixed
    max_surge_percent              = var.maintenance.max_surge_percent
    max_unavailable_fixed          = var.maintenance.max_unavailable_fixed
    max_unavailable_percent        = var.maintenance.max_unavailable_percent
  }

  # A repair must not install a version before the rollout does.
  instance_lifecycle_policy {
    force_update_on_repair = "NO"
  }

  dynamic "auto_healing_policies" {
    for_each = var.hold_replacements ? [] : google_compute_health_check.this

    content {
      health_check      = auto_healing_policies.value.id
      initial_delay_sec = var.health.grace_seconds
    }
  }

  dynamic "named_port" {
    for_each = var.backends

    content {
      name = named_port.key == "main" ? "load-balancer" : named_port.key
      port = named_port.value.port
    }
  }

  lifecycle {
    # Changing the name or zones would destroy the group before creating its replacement. Removing the group from the
    # configuration still destroys it.
    prevent_destroy = true

    # The rollout owns the group's template, and the autoscaler owns its size.
    ignore_changes = [target_size, version]
  }
}
