# Who the runner's machines are, and what they can reach.

resource "aws_iam_role" "this" {
  name                 = local.name
  path                 = var.identity.path
  description          = "The GitHub runner of ${var.network}"
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

# What a machine does before its job and after it.
resource "aws_iam_role_policy" "this" {
  name = "machine"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(jsondecode(module.sessions.statements), [
      {
        Sid      = "ReadTheKeyOfTheApp"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = ["arn:aws:secretsmanager:${var.region}:${var.account}:secret:${var.app_key}-??????"]
      },
      {
        Sid      = "EndItself"
        Effect   = "Allow"
        Action   = ["autoscaling:TerminateInstanceInAutoScalingGroup"]
        Resource = ["arn:aws:autoscaling:${var.region}:${var.account}:autoScalingGroup:*:autoScalingGroupName/${local.name}"]
      },
    ])
  })
}

resource "aws_iam_instance_profile" "this" {
  name = local.name
  path = var.identity.path
  role = aws_iam_role.this.name
  tags = local.tags
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.${var.region}.s3"
}

resource "aws_security_group" "this" {
  name        = local.name
  description = "The GitHub runner of ${var.network}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = local.name })
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = {
    endpoints = { description = "Endpoints", port = 443, group = var.endpoints_security_group_id, prefix_list = null }
    proxy     = { description = "The proxy", port = var.proxy.port, group = var.proxy.security_group_id, prefix_list = null }
    s3        = { description = "S3, through its endpoint", port = 443, group = null, prefix_list = data.aws_ec2_managed_prefix_list.s3.id }
  }

  security_group_id            = aws_security_group.this.id
  description                  = each.value.description
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = each.value.group
  prefix_list_id               = each.value.prefix_list
  tags                         = local.tags
}
