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
  builds_images = true
  repositories = [
    "arn:aws:ecr:ap-northeast-1:123456789012:repository/example/vision",
  ]
  jobs = {
    "plan" = {
      description = "plans every root"
      subjects    = ["pull_request", "environment:drift"]
      policy      = file("${path.module}/policies/plan.json")
    }
    "build-runner" = {
      description = "builds images"
      subjects    = ["environment:images"]
      policy      = file("${path.module}/policies/build-runner.json")
      hours       = 3
    }
    "sweep" = {
      description = "removes what builds left behind"
      subjects    = ["environment:sweep"]
      policy      = file("${path.module}/policies/sweep.json")
    }
    "start-runner" = {
      description = "starts runners"
      subjects    = ["environment:images", "environment:rollout-stg", "environment:rollout-prod"]
      policy      = file("${path.module}/policies/start-runner.json")
    }
    "apply-stg" = {
      description = "applies the groups of stg"
      subjects    = ["environment:apply-stg"]
      policy      = file("${path.module}/policies/apply-stg.json")
    }
    "rollout-stg" = {
      description = "rolls images out to stg"
      subjects    = ["environment:rollout-stg"]
      policy      = file("${path.module}/policies/rollout-stg.json")
    }
    "apply-prod" = {
      description = "applies the groups of prod"
      subjects    = ["environment:apply-prod"]
      policy      = file("${path.module}/policies/apply-prod.json")
    }
    "rollout-prod" = {
      description = "rolls images out to prod"
      subjects    = ["environment:rollout-prod"]
      policy      = file("${path.module}/policies/rollout-prod.json")
    }
  }
  boundaries = {
    jobs     = file("${path.module}/policies/boundary-jobs.json")
    machines = file("${path.module}/policies/boundary-machines.json")
  }
  operators = {
    "prod" = file("${path.module}/policies/operators-prod.json")
    "stg"  = file("${path.module}/policies/operators-stg.json")
  }
  tags = local.tags
}

module "region-ap-northeast-1" {
  source = "../../../../terraform/modules/aws-region"

  fleet              = "example"
  account            = "123456789012"
  region             = "ap-northeast-1"
  disk_key_alias     = "example-disks"
  signing_key_alias  = "example-image-signing"
  session_bucket     = "example-sessions-123456789012-ap-northeast-1"
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
  session_bucket     = "example-sessions-123456789012-us-west-2"
  run_as             = "ops"
  idle_minutes       = 20
  max_minutes        = 480
  log_retention_days = 365
  tags               = local.tags

  # The key of disks names the service-linked role.
  depends_on = [module.account]
}

# Containers of layers.
module "registry" {
  source = "../../../../terraform/modules/aws-registry"

  names = [
    "example/vision",
  ]
  region = "ap-northeast-1"
  tags   = local.tags
}

# Who called which API.
module "trail" {
  source = "../../../../terraform/modules/aws-trail"

  name    = "example-trail"
  account = "123456789012"
  region  = "ap-northeast-1"
  bucket  = "example-trail-123456789012"
  tags    = local.tags
}

# Programs that go into images: artifacts:// URLs.
module "bucket-artifacts" {
  source = "../../../../terraform/modules/aws-bucket"

  name   = "example-fleet-artifacts"
  region = "ap-northeast-1"
  tags   = local.tags
}

# Reports and SBOMs of builds, named by their digests.
module "bucket-reports" {
  source = "../../../../terraform/modules/aws-bucket"

  name   = "example-fleet-reports"
  region = "ap-northeast-1"
  tags   = local.tags
}
