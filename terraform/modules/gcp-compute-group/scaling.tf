locals {
  is_scaled = var.scaling.cpu_percent != null || var.scaling.queue != null || length(var.scaling.schedules) > 0

  # Without scaling, the autoscaler keeps the group at `desired`, so that changing it also resizes an existing group.
  bounds = local.is_scaled ? var.size : { min = var.size.desired, max = var.size.desired }

  # Google adds a target of 60 % where there is none. At 100 %, only schedules and bounds decide.
  cpu_percent = var.scaling.cpu_percent == null ? 100 : var.scaling.cpu_percent
}

resource "google_compute_region_autoscaler" "this" {
  name        = var.name
  project     = var.project
  region      = var.region
  description = "The size of ${var.name}"
  target      = google_compute_region_instance_group_manager.this.id

  autoscaling_policy {
    min_replicas    = local.bounds.min
    max_replicas    = local.bounds.max
    cooldown_period = var.scaling.warmup_seconds
    mode            = "ON"

    cpu_utilization {
      target = local.cpu_percent / 100
    }

    # Google divides what waits among the machines.
    dynamic "metric" {
      for_each = var.scaling.queue == null ? [] : [var.scaling.queue]

      content {
        name                       = "pubsub.googleapis.com/subscription/num_undelivered_messages"
        filter                     = "resource.type = pubsub_subscription AND resource.labels.subscription_id = \"${metric.value.name}\""
        single_instance_assignment = metric.value.messages_per_machine
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
