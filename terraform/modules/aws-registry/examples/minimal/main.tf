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

module "registry" {
  source = "../.."

  names  = ["example/vision"]
  region = "ap-northeast-1"
}
