locals {
  # A new port needs a new target group, and listeners must let go of the old one before it is destroyed. That needs
  # another name, which a long name of a group has no room for: AWS allows 32 characters.
  target_group_bases = { for key in keys(var.backends) : key => key == "main" ? var.name : "${var.name}-${key}" }
  target_group_names = {
    for key, base in local.target_group_bases :
    key => length("${base}-${var.backends[key].port}") <= 32 ? "${base}-${var.backends[key].port}" : base
  }
}

resource "aws_lb_target_group" "this" {
  for_each = var.backends

  name                 = local.target_group_names[each.key]
  vpc_id               = var.network.vpc_id
  target_type          = "instance"
  port                 = each.value.port
  protocol             = each.value.protocol
  preserve_client_ip   = each.value.preserve_client_ip == null ? null : tostring(each.value.preserve_client_ip)
  deregistration_delay = tostring(each.value.drain_seconds)
  tags                 = local.tags

  health_check {
    enabled             = true
    protocol            = upper(var.health.protocol)
    port                = tostring(var.health.port)
    path                = var.health.protocol == "tcp" ? null : var.health.path
    matcher             = var.health.protocol == "tcp" ? null : "200"
    interval            = var.health.interval_seconds
    timeout             = var.health.timeout_seconds
    healthy_threshold   = var.health.healthy_after
    unhealthy_threshold = var.health.unhealthy_after
  }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  listeners = { for key, backend in var.backends : key => backend if backend.listener_port != null }
  # What a listener speaks, without a certificate and with one.
  listener_protocols = {
    HTTP    = ["HTTP", "HTTPS"]
    HTTPS   = ["HTTP", "HTTPS"]
    TCP     = ["TCP", "TLS"]
    TLS     = ["TLS", "TLS"]
    UDP     = ["UDP", "UDP"]
    TCP_UDP = ["TCP_UDP", "TCP_UDP"]
  }
}

# A listener that forwards everything to this group. Without it, a listener rule kept elsewhere must do that.
resource "aws_lb_listener" "this" {
  # checkov:skip=CKV_AWS_103: A listener with a certificate has a TLS 1.3 policy. Checkov cannot resolve the condition; over plans the check runs.
  for_each = local.listeners

  load_balancer_arn = each.value.arn
  port              = each.value.listener_port
  protocol          = local.listener_protocols[each.value.protocol][each.value.certificate == null ? 0 : 1]
  certificate_arn   = each.value.certificate
  ssl_policy        = each.value.certificate == null ? null : "ELBSecurityPolicy-TLS13-1-2-2021-06"
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.key].arn
  }
}

moved {
  from = aws_lb_target_group.this[0]
  to   = aws_lb_target_group.this["main"]
}

moved {
  from = aws_lb_listener.this[0]
  to   = aws_lb_listener.this["main"]
}
