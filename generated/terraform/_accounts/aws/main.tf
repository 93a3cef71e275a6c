# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }

  backend "s3" {
    bucket       = "example-fleet-terraform"
    key          = "example/_accounts/aws.tfstate"
    region       = "ap-northeast-1"
    use_lockfile = true
  }
}

provider "aws" {
  region              = "ap-northeast-1"
  allowed_account_ids = ["123456789012"]
}

locals {
  tags = {
    "cost-center" = "cc-1042"
    "fleet"       = "example"
    "team"        = "platform"
  }
}

module "account" {
  source = "../../../../terraform/modules/aws-account"

  fleet   = "example"
  account = "123456789012"
  github = {
    owner         = "example"
    name          = "fleet"
    owner_id      = "123456"
    repository_id = "456789"
  }
  build_policy = file("${path.module}/build-policy.json")
  tags         = local.tags
}

module "region-ap-northeast-1" {
  source = "../../../../terraform/modules/aws-region"

  fleet              = "example"
  account            = "123456789012"
  region             = "ap-northeast-1"
  disk_key_alias     = "example-disks"
  signing_key_alias  = "example-image-signing"
  run_as             = "ops"
  idle_minutes       = 20
  max_minutes        = 480
  log_retention_days = 365
  tags               = local.tags

  # The key of disks names the service-linked role.
  depends_on = [module.account]
}

module "region-us-west-2" {
  source = "../../../../terraform/modules/aws-region"

  fleet              = "example"
  account            = "123456789012"
  region             = "us-west-2"
  disk_key_alias     = "example-disks"
  run_as             = "ops"
  idle_minutes       = 20
  max_minutes        = 480
  log_retention_days = 365
  tags               = local.tags

  # The key of disks names the service-linked role.
  depends_on = [module.account]
}

# Programs that go into images: artifacts:// URLs.
module "bucket-artifacts" {
  source = "../../../../terraform/modules/aws-bucket"

  name   = "example-fleet-artifacts"
  region = "ap-northeast-1"
  tags   = local.tags
}
