# The egress proxy of a network: squid on a group of machines, behind an internal load balancer that has the proxy's name.

locals {
  name = "${var.network}-proxy"
  tags = merge(var.tags, { network = var.network })

  # The configuration of Amazon's CloudWatch agent.
  access_log = {
    agent = { region = var.region, run_as_user = "root" }
    logs = { logs_collected = { files = { collect_list = [{
      file_path       = "/var/log/squid/access.log"
      log_group_name  = aws_cloudwatch_log_group.access.name
      log_stream_name = "{instance_id}"
    }] } } }
  }
}

module "user_data" {
  source = "../proxy-user-data"

  squid_conf      = var.squid_conf
  package_sources = var.package_sources
  run_as          = var.run_as
  files = [
    {
      path    = "/etc/fleet/access-log.json"
      content = jsonencode(local.access_log)
    },
    {
      path        = "/usr/local/sbin/ship-access-log"
      permissions = "0755"
      content     = file("${path.module}/ship-access-log.sh")
    },
  ]
  # The proxy works while Amazon's bucket does not.
  commands = ["until /usr/local/sbin/ship-access-log /etc/fleet/access-log.json; do sleep 60; done"]
}

data "aws_ami" "this" {
  owners             = [var.image.owner]
  most_recent        = true
  include_deprecated = true

  filter {
    name   = "name"
    values = [var.image.name]
  }

  filter {
    name   = "architecture"
    values = [var.image.architecture]
  }
}

resource "aws_launch_template" "this" {
  name                   = local.name
  description            = "The egress proxy of ${var.network}"
  image_id               = data.aws_ami.this.id
  instance_type          = var.machine_type
  update_default_version = true
  user_data              = base64encode(module.user_data.user_data)
  tags                   = local.tags

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = "false"
    delete_on_termination       = "true"
    security_groups             = [aws_security_group.machines.id]
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = data.aws_ami.this.root_device_name

    ebs {
      encrypted             = true
      volume_type           = "gp3"
      volume_size           = var.disk_gib
      delete_on_termination = true
    }
  }

  monitoring {
    enabled = true
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "network-interface", "volume"])

    content {
      resource_type = tag_specifications.value
      tags          = merge(local.tags, { Name = local.name })
    }
  }

  lifecycle {
    precondition {
      condition     = length(module.user_data.user_data) <= 16384
      error_message = "The configuration of the proxy takes more than the 16 KiB that EC2 allows: shorten the reasons of domains, or list fewer domains for this network."
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                = local.name
  min_size            = var.machines
  max_size            = var.machines * 2
  desired_capacity    = var.machines
  vpc_zone_identifier = var.subnet_ids
  target_group_arns   = [aws_lb_target_group.this.arn]
  health_check_type   = "ELB"
  # The installation may have to wait for the snapshot service.
  health_check_grace_period = 900
  default_instance_warmup   = 120
  # A failed wait would taint the group.
  wait_for_capacity_timeout = "0"

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  # Terraform replaces the machines, not a rollout, as every group of the network needs the proxy: new ones first, one at a time.
  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 150
      auto_rollback          = true
      skip_matching          = true
    }
  }

  dynamic "tag" {
    for_each = merge(local.tags, { Name = local.name })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = false
    }
  }
}

resource "aws_lb" "this" {
  # checkov:skip=CKV_AWS_91: A Network Load Balancer logs only TLS connections. Squid logs every request, and flow logs the rest.
  # A load balancer's name has at most 32 characters.
  name_prefix                      = "proxy-"
  load_balancer_type               = "network"
  internal                         = true
  subnets                          = var.subnet_ids
  security_groups                  = [aws_security_group.load_balancer.id]
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = true
  tags                             = merge(local.tags, { Name = local.name })
}

resource "aws_lb_target_group" "this" {
  name_prefix = "proxy-"
  port        = var.port
  protocol    = "TCP"
  vpc_id      = var.vpc_id
  # Squid knows builds from machines by their addresses.
  preserve_client_ip   = "true"
  deregistration_delay = 120
  tags                 = merge(local.tags, { Name = local.name })

  health_check {
    protocol            = "TCP"
    port                = "traffic-port"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "this" {
  # checkov:skip=CKV_AWS_2: Clients speak the protocol of proxies; TLS is between them and the site.
  load_balancer_arn = aws_lb.this.arn
  port              = var.port
  protocol          = "TCP"
  tags              = local.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

# The name that builds and machines use.
resource "aws_route53_record" "this" {
  zone_id = var.zone_id
  name    = var.host
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = true
  }
}
