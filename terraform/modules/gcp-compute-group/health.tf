resource "google_compute_health_check" "this" {
  count = var.health == null ? 0 : 1

  name                = var.name
  project             = var.project
  description         = "Whether a machine of ${var.name} is healthy"
  check_interval_sec  = var.health.interval_seconds
  timeout_sec         = var.health.timeout_seconds
  healthy_threshold   = var.health.healthy_after
  unhealthy_threshold = var.health.unhealthy_after

  dynamic "http_health_check" {
    for_each = var.health.protocol == "http" ? [var.health] : []

    content {
      port         = http_health_check.value.port
      request_path = http_health_check.value.path
    }
  }

  dynamic "https_health_check" {
    for_each = var.health.protocol == "https" ? [var.health] : []

    content {
      port         = https_health_check.value.port
      request_path = https_health_check.value.path
    }
  }

  dynamic "tcp_health_check" {
    for_each = var.health.protocol == "tcp" ? [var.health] : []

    content {
      port = tcp_health_check.value.port
    }
  }

  log_config {
    enable = true
  }

  # So that a group lets go of the check before it is deleted.
  lifecycle {
    create_before_destroy = true
  }
}
