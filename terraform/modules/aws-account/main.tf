# What exists once per account: who GitHub's jobs and the fleet's people are, and what they may do.

locals {
  provider = "token.actions.githubusercontent.com"

  # GitHub gives repositories created or moved after 2026-07-15 a subject with ids, and others the old one.
  # https://docs.github.com/en/actions/reference/security/oidc
  repositories = concat(
    ["repo:${var.github.owner}/${var.github.name}"],
    var.github.owner_id == null || var.github.repository_id == null ? [] :
    ["repo:${var.github.owner}@${var.github.owner_id}/${var.github.name}@${var.github.repository_id}"],
  )

  job_policies = merge([
    for name, job in var.jobs : {
      # As texts, since a list has elements of one type, and statements differ.
      for index, statements in chunklist([for statement in jsondecode(job.policy).Statement : jsonencode(statement)], 8) :
      "${name}-${index + 1}" => { job = name, policy = jsonencode({ Version = "2012-10-17", Statement = [for statement in statements : jsondecode(statement)] }) }
    }
  ]...)

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

# The most that an identity can do, whatever its policies say: those of GitHub's jobs, and those of machines, which jobs create.
resource "aws_iam_policy" "boundary" {
  # checkov:skip=CKV_AWS_286: A boundary allows nothing. It limits what other policies allow.
  # checkov:skip=CKV_AWS_287: As above.
  # checkov:skip=CKV_AWS_288: As above.
  # checkov:skip=CKV_AWS_289: As above.
  # checkov:skip=CKV_AWS_290: As above.
  # checkov:skip=CKV_AWS_355: As above.
  for_each = var.boundaries

  name        = "${var.fleet}-${each.key}"
  description = "The most that ${each.key} of ${var.fleet} can do"
  policy      = each.value
  tags        = var.tags
}

# GitHub's jobs: exactly those of the subjects, and no others.
resource "aws_iam_role" "job" {
  for_each = var.jobs

  name                 = "${var.fleet}-${each.key}"
  description          = "${var.fleet}: ${each.value.description}"
  max_session_duration = each.value.hours * 60 * 60
  permissions_boundary = aws_iam_policy.boundary["jobs"].arn
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
            "${local.provider}:sub" = [for pair in setproduct(local.repositories, each.value.subjects) : join(":", pair)]
          },
          # A name can be given to another repository; an id cannot.
          var.github.repository_id == null ? {} : { "${local.provider}:repository_id" = var.github.repository_id },
        )
      }
    }]
  })
}

# IAM limits a policy to 6,144 characters, and a role to 10 policies.
resource "aws_iam_policy" "job" {
  for_each = local.job_policies

  name        = "${var.fleet}-${each.key}"
  description = "${var.fleet}: ${var.jobs[each.value.job].description}"
  policy      = each.value.policy
  tags        = var.tags

  lifecycle {
    precondition {
      condition     = length(each.value.policy) <= 6144
      error_message = "The policy ${each.key} has more characters than IAM allows: some of its statements name too many resources."
    }
  }
}

resource "aws_iam_role_policy_attachment" "job" {
  for_each = local.job_policies

  role       = aws_iam_role.job[each.value.job].name
  policy_arn = aws_iam_policy.job[each.key].arn
}

# For people, by environment: permission sets of IAM Identity Center name them.
resource "aws_iam_policy" "operators" {
  for_each = var.operators

  name        = "${var.fleet}-operators-${each.key}"
  description = "Sessions on machines of ${var.fleet} in ${each.key}"
  policy      = each.value
  tags        = var.tags
}

# Machines that build images. They need sessions and containers; everything else is the job's.
resource "aws_iam_role" "build" {
  count = var.builds_images ? 1 : 0

  name                 = "${var.fleet}-build"
  description          = "Machines that build images of ${var.fleet}"
  permissions_boundary = aws_iam_policy.boundary["machines"].arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

module "sessions" {
  source = "../aws-session-policy"
}

resource "aws_iam_role_policy" "build" {
  count = var.builds_images ? 1 : 0

  name = "machine"
  role = aws_iam_role.build[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(module.sessions.statements),
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

resource "aws_iam_instance_profile" "build" {
  count = var.builds_images ? 1 : 0

  name = "${var.fleet}-build"
  role = aws_iam_role.build[0].name
  tags = var.tags
}

resource "aws_s3_account_public_access_block" "this" {
  account_id              = var.account
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
