mock_provider "aws" {
  mock_data "aws_subnets" {
    defaults = { ids = ["subnet-2", "subnet-1"] }
  }
}

variables {
  name   = "example-aws-tokyo"
  region = "ap-northeast-1"
}

run "subnets_come_in_one_order" {
  command = plan

  assert {
    condition     = output.subnet_ids == tolist(["subnet-1", "subnet-2"])
    error_message = "the order of the subnets must not change from plan to plan"
  }

  assert {
    condition     = data.aws_ec2_managed_prefix_list.s3.name == "com.amazonaws.ap-northeast-1.s3"
    error_message = "the prefix list is the region's"
  }
}

run "a_network_without_subnets_is_refused" {
  command = plan

  override_data {
    target = data.aws_subnets.machines
    values = { ids = [] }
  }

  expect_failures = [data.aws_subnets.machines]
}

run "a_name_that_is_none_is_refused" {
  command = plan

  variables {
    name = "Example"
  }

  expect_failures = [var.name]
}
