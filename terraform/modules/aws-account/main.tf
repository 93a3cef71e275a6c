# What exists once per account: how GitHub's jobs log in, and who builds images.

locals {
  provider = "token.actions.githubusercontent.com"

  # GitHub gives repositories created or moved after 2026-07-15 a subject with ids, and others the old one.
  # https://docs.github.com/en/actions/reference/security/oidc
  subjects = concat(
    ["repo:${var.github.owner}/${var.github.name}:environment:${var.build_environment}"],
    var.github.owner_id == null || var.github.repository_id == null ? [] :
    ["repo:${var.github.owner}@${var.github.owner_id}/${var.github.name}@${var.github.repository_id}:environment:${var.build_environment}"],
  )

  provider_arn = var.create_oidc_provider ? aws_iam_openid_connect_provider.github[0].arn : "arn:aws:iam::${var.account}:oidc-provider/${local.provider}"
}

# An account has one provider for each URL.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.create_oidc_provider ? 1 : 0

  url            = "https://${local.provider}"
  client_id_list = ["sts.amazonaws.com"]
  tags           = var.tags
}

# The key of disks names this role, so it must exist first.
resource "aws_iam_service_linked_role" "this" {
  for_each = var.create_service_linked_roles ? toset(["autoscaling.amazonaws.com", "spot.amazonaws.com"]) : toset([])

  aws_service_name = each.value
  tags             = var.tags
}

# The job that builds images: fleet-build in its GitHub environment, and no other job.
resource "aws_iam_role" "runner" {
  name                 = "${var.fleet}-build-runner"
  description          = "GitHub's job that builds images of ${var.fleet}"
  max_session_duration = 3 * 60 * 60
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = local.provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = merge(
          {
            "${local.provider}:aud" = "sts.amazonaws.com"
            "${local.provider}:sub" = local.subjects
          },
          # A name can be given to another repository; an id cannot.
          var.github.repository_id == null ? {} : { "${local.provider}:repository_id" = var.github.repository_id },
        )
      }
    }]
  })
}

# Exactly the calls that the rehearsed build makes.
resource "aws_iam_role_policy" "runner" {
  name   = "build"
  role   = aws_iam_role.runner.id
  policy = var.build_policy
}

# Machines that build images. They need sessions; everything else is the job's.
resource "aws_iam_role" "build" {
  name        = "${var.fleet}-build"
  description = "Machines that build images of ${var.fleet}"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "build" {
  name = "sessions"
  role = aws_iam_role.build.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Sessions"
        Effect = "Allow"
        Action = [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        Resource = "*"
      },
      {
        Sid      = "SayThatItIsThere"
        Effect   = "Allow"
        Action   = "ssm:UpdateInstanceInformation"
        Resource = "arn:aws:ec2:*:*:instance/*"
      },
    ]
  })
}

resource "aws_iam_instance_profile" "build" {
  name = "${var.fleet}-build"
  role = aws_iam_role.build.name
  tags = var.tags
}

resource "aws_s3_account_public_access_block" "this" {
  account_id              = var.account
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
