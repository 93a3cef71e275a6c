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

module "account" {
  source = "../.."

  fleet   = "example"
  account = "123456789012"
  github  = { owner = "example", name = "fleet", owner_id = "123456", repository_id = "456789" }

  builds_images = true
  jobs = {
    build-runner = {
      description = "builds images"
      subjects    = ["environment:images"]
      hours       = 3
      policy = jsonencode({
        Version   = "2012-10-17"
        Statement = [{ Effect = "Allow", Action = "ec2:DescribeImages", Resource = "*" }]
      })
    }
  }
  boundaries = {
    jobs = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = "ec2:*", Resource = "*", Condition = { StringEquals = { "aws:RequestedRegion" = "ap-northeast-1" } } }]
    })
    machines = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", NotAction = ["iam:*", "organizations:*"], Resource = "*" }]
    })
  }
}
