locals {
  has_autoscaler = var.scaling.cpu_percent != null || length(var.scaling.schedules) > 0
}

resource "google_compute_region_autoscaler" "this" {
  count = local.has_autoscaler ? 1 : 0

  name        = var.name
  project     = var.project
  region      = var.region
  description = "The size of ${var.name}"
  target      = google_compute_region_instance_group_manager.this.id

  autoscaling_policy {
    min_replicas    = var.size.min
    max_replicas    = var.size.max
    cooldown_period = var.scaling.warmup_seconds
    mode            = "ON"

    dynamic "cpu_utilization" {
      for_each = var.scaling.cpu_percent == null ? [] : [var.scaling.cpu_percent]

      content {
        target = cpu_utilization.value / 100
      }
    }

    dynamic "scaling_schedules" {
      for_each = var.scaling.schedules

      content {
        name                  = scaling_schedules.key
        schedule              = scaling_schedules.value.cron
        time_zone             = scaling_schedules.value.time_zone
        min_required_replicas = scaling_schedules.value.machines
        duration_sec          = scaling_schedules.value.duration_seconds
      }
    }
  }
}
