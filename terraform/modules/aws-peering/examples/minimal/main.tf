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

module "peering" {
  source = "../.."

  name           = "example-aws-tokyo"
  vpc_id         = "vpc-0a1b2c3d4e5f60718"
  route_table_id = "rtb-0a1b2c3d4e5f60718"
  cidr           = "10.16.0.0/16"
  peer           = { name = "example-aws-oregon", region = "us-west-2", cidr = "10.32.0.0/16" }
}
