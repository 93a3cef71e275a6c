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

module "network" {
  source = "../.."

  name          = "example-aws-tokyo"
  account       = "123456789012"
  region        = "ap-northeast-1"
  cidr          = "10.16.0.0/16"
  zone_name     = "aws-tokyo.example.internal"
  log_key_alias = "example-logs"

  subnets = {
    machines-ap-northeast-1a = { tier = "machines", zone = "ap-northeast-1a", cidr = "10.16.0.0/19" }
    machines-ap-northeast-1c = { tier = "machines", zone = "ap-northeast-1c", cidr = "10.16.32.0/19" }
    proxy-ap-northeast-1a    = { tier = "proxy", zone = "ap-northeast-1a", cidr = "10.16.192.0/22" }
  }
}
