# AWS's services, inside the network.

locals {
  # Sessions need these, and nothing works without sessions: the agent's own services (ec2messages before version 3.3.40), the
  # key that encrypts a session, and its log.
  session_endpoints = ["ec2messages", "kms", "logs", "ssm", "ssmmessages"]

  # Where AWS keeps what its agents fetch, and the layers of ECR's images.
  # https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-minimum-s3-permissions.html
  aws_buckets = [
    "aws-ssm-${var.region}",
    "amazon-ssm-${var.region}",
    "amazon-ssm-packages-${var.region}",
    "${var.region}-birdwatcher-prod",
    "aws-ssm-document-attachments-${var.region}",
    "patch-baseline-snapshot-${var.region}",
    "aws-ssm-distributor-file-${var.region}",
    "prod-${var.region}-starport-layer-bucket",
    # Proxies and runners fetch these. In their buckets' own region, they come through the endpoint.
    "amazoncloudwatch-agent",
    "session-manager-downloads",
  ]
}

locals {
  # Services whose endpoints take a policy. Others refuse one.
  with_policy = [
    "autoscaling", "ec2", "ec2messages", "ecr.api", "ecr.dkr", "kms", "logs", "monitoring", "secretsmanager", "sns", "sqs", "ssm",
    "ssmmessages", "sts",
  ]

  # Jobs on a runner have roles in the other accounts of the fleet, too.
  accounts = concat([var.account], sort(var.job_accounts))

  # Without this, a machine could carry data into another account with that account's credentials.
  own_identities = {
    Sid       = "OwnIdentities"
    Effect    = "Allow"
    Principal = "*"
    Action    = "*"
    Resource  = "*"
    Condition = { StringEquals = { "aws:PrincipalAccount" = local.accounts } }
  }

  # A job gets its role with GitHub's token, and has no account before. The role decides whom it trusts.
  jobs_roles = length(local.by_tier.runner) == 0 ? [] : [{
    Sid       = "RolesOfJobs"
    Effect    = "Allow"
    Principal = "*"
    Action    = "sts:AssumeRoleWithWebIdentity"
    Resource  = [for account in local.accounts : "arn:aws:iam::${account}:role/*"]
  }]

  # Versions of Session Manager's plugin before OpenDataChannel was a permission sign nothing; their token comes from StartSession.
  jobs_sessions = length(local.by_tier.runner) == 0 ? [] : [{
    Sid       = "SessionsOfJobs"
    Effect    = "Allow"
    Principal = "*"
    Action    = "ssmmessages:*"
    Resource  = "*"
    Condition = { Null = { "aws:PrincipalAccount" = "true" } }
  }]

  endpoint_policies = {
    for service in local.with_policy : service => jsonencode({
      Version = "2012-10-17"
      # As texts, since a list has elements of one type, and statements differ.
      Statement = [for statement in concat(
        [jsonencode(local.own_identities)],
        [for role in local.jobs_roles : jsonencode(role) if service == "sts"],
        [for session in local.jobs_sessions : jsonencode(session) if service == "ssmmessages"],
      ) : jsondecode(statement)]
    })
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = setunion(local.session_endpoints, var.endpoints)

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for key in keys(local.by_tier.machines) : aws_subnet.this[key].id]
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  policy              = lookup(local.endpoint_policies, each.key, null)
  tags                = merge(local.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id, aws_route_table.proxy.id]
  tags              = merge(local.tags, { Name = "${var.name}-s3" })

  # Without this, a machine could copy anything to any bucket.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "AgentsAndImages"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:GetObject"
        Resource  = [for bucket in local.aws_buckets : "arn:aws:s3:::${bucket}/*"]
      }],
      length(var.buckets) == 0 ? [] : [{
        Sid       = "OwnBuckets"
        Effect    = "Allow"
        Principal = "*"
        # What applications do with objects. Nothing changes a bucket from inside the network.
        Action = [
          "s3:AbortMultipartUpload",
          "s3:DeleteObject",
          "s3:GetBucketLocation",
          "s3:GetEncryptionConfiguration",
          "s3:GetObject",
          "s3:GetObjectTagging",
          "s3:GetObjectVersion",
          "s3:ListBucket",
          "s3:ListMultipartUploadParts",
          "s3:PutObject",
          "s3:PutObjectTagging",
        ]
        Resource  = flatten([for bucket in sort(var.buckets) : ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]])
        Condition = { StringEquals = { "aws:PrincipalAccount" = local.accounts } }
      }],
    )
  })
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "The endpoints of AWS's services in ${var.name}"
  vpc_id      = aws_vpc.this.id
  tags        = merge(local.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  security_group_id = aws_security_group.endpoints.id
  description       = "Machines of the network"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = var.cidr
  tags              = local.tags
}
