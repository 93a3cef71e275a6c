# Who the proxy's machines are, and what can reach them.

resource "aws_iam_role" "this" {
  name                 = local.name
  path                 = var.identity.path
  description          = "The egress proxy of ${var.network}"
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

# Sessions, and writing the access log.
resource "aws_iam_role_policy" "this" {
  name = "machine"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(jsondecode(module.sessions.statements), [{
      Sid      = "WriteTheAccessLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:${var.region}:${var.account}:log-group:/${var.network}/proxy:*"
    }])
  })
}

# Who asked for what, and what was refused.
data "aws_kms_alias" "logs" {
  name   = "alias/${var.log_key_alias}"
  region = var.region
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/${var.network}/proxy"
  retention_in_days = var.log_retention_days
  kms_key_id        = data.aws_kms_alias.logs.target_key_arn
  tags              = local.tags
}

resource "aws_iam_instance_profile" "this" {
  name = local.name
  path = var.identity.path
  role = aws_iam_role.this.name
  tags = local.tags
}

resource "aws_security_group" "load_balancer" {
  name        = "${local.name}-lb"
  description = "The load balancer of the egress proxy of ${var.network}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = "${local.name}-lb" })
}

resource "aws_vpc_security_group_ingress_rule" "load_balancer" {
  security_group_id = aws_security_group.load_balancer.id
  description       = "Machines and builds of the network"
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
  cidr_ipv4         = var.cidr
  tags              = local.tags
}

resource "aws_vpc_security_group_egress_rule" "load_balancer" {
  security_group_id            = aws_security_group.load_balancer.id
  description                  = "The proxy"
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
  referenced_security_group_id = aws_security_group.machines.id
  tags                         = local.tags
}

resource "aws_security_group" "machines" {
  name        = local.name
  description = "The egress proxy of ${var.network}"
  vpc_id      = var.vpc_id
  tags        = merge(local.tags, { Name = local.name })
}

resource "aws_vpc_security_group_ingress_rule" "machines" {
  security_group_id            = aws_security_group.machines.id
  description                  = "The load balancer"
  ip_protocol                  = "tcp"
  from_port                    = var.port
  to_port                      = var.port
  referenced_security_group_id = aws_security_group.load_balancer.id
  tags                         = local.tags
}

# The way to the internet is what a proxy is for. The network's ACL denies private ranges, and squid refuses everything that is
# not listed.
#trivy:ignore:AWS-0104
resource "aws_vpc_security_group_egress_rule" "machines" {
  security_group_id = aws_security_group.machines.id
  description       = "HTTPS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
  tags              = local.tags
}
