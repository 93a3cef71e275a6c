# The machines' identity, and what can reach them.

data "aws_caller_identity" "this" {}

locals {
  secret_arns = [
    for name in distinct([for secret in var.config.secrets : secret.name]) :
    # AWS adds six characters to a secret's name.
    "arn:aws:secretsmanager:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:secret:${name}-??????"
  ]
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.identity.path
  description          = "Machines of ${var.name}"
  permissions_boundary = var.identity.boundary
  tags                 = local.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

module "sessions" {
  source = "../aws-session-policy"

  recording = { log_group = var.session_log_group, bucket = var.session_bucket, key_alias = var.session_key_alias }
}

resource "aws_iam_role_policy" "machine" {
  name = "machine"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(module.sessions.statements),
      length(var.lifecycle_hooks) == 0 ? [] : [
        {
          Sid      = "CompleteHooks"
          Effect   = "Allow"
          Action   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
          Resource = "arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/${var.name}"
        },
      ],
      length(var.config.secrets) == 0 ? [] : [
        {
          Sid      = "FetchSecrets"
          Effect   = "Allow"
          Action   = ["secretsmanager:GetSecretValue"]
          Resource = local.secret_arns
        },
      ],
      length(var.config.secrets) == 0 ? [] : [
        {
          Sid      = "DecryptSecrets"
          Effect   = "Allow"
          Action   = ["kms:Decrypt"]
          Resource = "arn:aws:kms:${data.aws_region.this.region}:${data.aws_caller_identity.this.account_id}:key/*"
          Condition = {
            StringEquals = { "kms:ViaService" = "secretsmanager.${data.aws_region.this.region}.amazonaws.com" }
            ArnLike      = { "kms:EncryptionContext:SecretARN" = local.secret_arns }
          }
        },
      ],
      # The image has its containers. A machine that lost one can pull it again.
      length(var.repositories) == 0 ? [] : [
        { Sid = "LogInToTheRegistry", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
        {
          Sid      = "PullContainers"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = var.repositories
        },
      ],
    )
  })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = toset(var.policies)

  role       = aws_iam_role.this.name
  policy_arn = each.value
}

resource "aws_iam_instance_profile" "this" {
  name = var.name
  path = var.identity.path
  role = aws_iam_role.this.name
  tags = local.tags
}

resource "aws_security_group" "this" {
  name        = var.name
  description = "Machines of ${var.name}"
  vpc_id      = var.network.vpc_id
  tags        = local.tags

  # Its name and description cannot change in place, and AWS does not delete a security group in use.
  lifecycle {
    create_before_destroy = true
  }
}

locals {
  port_rules = merge([
    for port in var.ports : merge(
      {
        for cidr in port.cidrs : "${port.port}-${port.protocol}-${cidr}" => {
          from = port.port, to = coalesce(port.to_port, port.port), protocol = port.protocol, cidr = cidr, security_group = null, description = port.description
        }
      },
      {
        for group in port.security_groups : "${port.port}-${port.protocol}-${group}" => {
          from = port.port, to = coalesce(port.to_port, port.port), protocol = port.protocol, cidr = null, security_group = group, description = port.description
        }
      },
    )
  ]...)

  transports = { HTTP = ["tcp"], HTTPS = ["tcp"], TCP = ["tcp"], TLS = ["tcp"], UDP = ["udp"], TCP_UDP = ["tcp", "udp"] }

  # The load balancers' traffic and their health checks may use different ports, and two backends may share one.
  load_balancer_rules = distinct(flatten([
    for backend in var.backends : concat(
      [for protocol in local.transports[backend.protocol] : { security_group = backend.security_group, protocol = protocol, port = backend.port }],
      [{ security_group = backend.security_group, protocol = "tcp", port = var.health.port }],
    )
  ]))
}

resource "aws_vpc_security_group_ingress_rule" "port" {
  for_each = local.port_rules

  security_group_id            = aws_security_group.this.id
  description                  = each.value.description
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.security_group
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  tags                         = local.tags
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  # Those of the backend `main` are named by their ports.
  for_each = {
    for rule in local.load_balancer_rules :
    rule.protocol == "tcp" && rule.security_group == try(var.backends["main"].security_group, null) ? tostring(rule.port) : "${rule.security_group}-${rule.protocol}-${rule.port}" => rule
  }

  security_group_id            = aws_security_group.this.id
  description                  = "The load balancer"
  referenced_security_group_id = each.value.security_group
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.port
  to_port                      = each.value.port
  tags                         = local.tags
}

resource "aws_vpc_security_group_egress_rule" "destination" {
  for_each = merge([
    for egress in var.egress : {
      for cidr in egress.cidrs : "${egress.port}-${coalesce(egress.to_port, egress.port)}-${egress.protocol}-${cidr}" => merge(egress, { cidr = cidr })
    }
  ]...)

  security_group_id = aws_security_group.this.id
  description       = each.value.to
  cidr_ipv4         = each.value.cidr
  ip_protocol       = each.value.protocol
  from_port         = each.value.port
  to_port           = coalesce(each.value.to_port, each.value.port)
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "network" {
  for_each = toset(var.egress_cidrs)

  security_group_id = aws_security_group.this.id
  description       = "The proxy, the endpoints and the machines of a network"
  cidr_ipv4         = each.value
  ip_protocol       = "-1"
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.this.id
  description       = "S3, through its gateway endpoint"
  prefix_list_id    = var.network.s3_prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = local.tags
}
