locals {
  # A new port needs a new target group, and listeners must let go of the old one before it is destroyed. That needs
  # another name, which a long name of a group has no room for: AWS allows 32 characters.
  name_with_port    = var.load_balancer == null ? "" : "${var.name}-${var.load_balancer.port}"
  target_group_name = length(local.name_with_port) <= 32 ? local.name_with_port : var.name
}

resource "aws_lb_target_group" "this" {
  count = var.load_balancer == null ? 0 : 1

  name                 = local.target_group_name
  vpc_id               = var.network.vpc_id
  target_type          = "instance"
  port                 = var.load_balancer.port
  protocol             = var.load_balancer.protocol
  preserve_client_ip   = var.load_balancer.preserve_client_ip == null ? null : tostring(var.load_balancer.preserve_client_ip)
  deregistration_delay = tostring(var.load_balancer.drain_seconds)
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
  has_listener    = var.load_balancer == null ? false : var.load_balancer.listener_port != null
  has_certificate = var.load_balancer == null ? false : var.load_balancer.certificate != null
  listens_to      = var.load_balancer == null ? "" : var.load_balancer.protocol == "TCP" ? "TCP" : "HTTP"
}

# A listener that forwards everything to this group. Without it, a listener rule kept elsewhere must do that.
resource "aws_lb_listener" "this" {
  # checkov:skip=CKV_AWS_103: A listener with a certificate has a TLS 1.3 policy. Checkov cannot resolve the condition; over plans the check runs.
  count = local.has_listener ? 1 : 0

  load_balancer_arn = var.load_balancer.arn
  port              = var.load_balancer.listener_port
  protocol          = local.has_certificate ? { TCP = "TLS", HTTP = "HTTPS" }[local.listens_to] : local.listens_to
  certificate_arn   = var.load_balancer.certificate
  ssl_policy        = local.has_certificate ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[0].arn
  }
}
