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
  region = "ap-northeast-1"
}

module "region" {
  source = "../.."

  fleet             = "example"
  account           = "123456789012"
  region            = "ap-northeast-1"
  disk_key_alias    = "example-disks"
  signing_key_alias = "example-image-signing"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  run_as            = "ops"
}
