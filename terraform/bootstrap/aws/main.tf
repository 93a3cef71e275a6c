# The bucket with Terraform's state, once per account. It comes before every other root, so its own state starts on the disk of
# whoever applies it and then moves into the bucket: docs/bootstrap.md.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = [var.account]
}

resource "aws_kms_key" "state" {
  description             = "Terraform's state in ${var.bucket}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = var.tags

  # The account's administrators manage the key, and its identity policies may grant its use.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Account"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "state" {
  # An alias has no dots.
  name          = "alias/${replace(var.bucket, ".", "-")}"
  target_key_id = aws_kms_key.state.key_id
}

module "bucket" {
  source = "../../modules/aws-bucket"

  name        = var.bucket
  region      = var.region
  kms_key_arn = aws_kms_key.state.arn
  # A state that was lost or damaged can be restored for a year.
  old_version_days = 365
  tags             = var.tags
}
