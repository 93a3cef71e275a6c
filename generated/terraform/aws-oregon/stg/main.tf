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
    key          = "example/aws-oregon/stg.tfstate"
    region       = "ap-northeast-1"
    use_lockfile = true
  }
}

provider "aws" {
  region              = "us-west-2"
  allowed_account_ids = ["123456789012"]
}

module "network" {
  source = "../../../../terraform/modules/aws-network-lookup"

  name   = "example-aws-oregon"
  region = "us-west-2"
}
