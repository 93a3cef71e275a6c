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

module "trail" {
  source = "../.."

  name    = "example-trail"
  account = "123456789012"
  region  = "ap-northeast-1"
  bucket  = "example-trail-123456789012"
}
