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

run "an_existing_network_by_its_ids" {
  command = plan

  variables {
    name       = null
    vpc_id     = "vpc-1"
    subnet_ids = ["subnet-1", "subnet-2"]
  }

  assert {
    condition     = data.aws_vpc.this.id == "vpc-1" && length(coalesce(data.aws_vpc.this.tags, {})) == 0 && length(coalesce(data.aws_subnets.machines.tags, {})) == 0
    error_message = "ids are enough"
  }
}

run "an_existing_network_by_its_tags" {
  command = plan

  variables {
    name        = null
    vpc_tags    = { Name = "corporate" }
    subnet_tags = { tier = "private" }
  }

  assert {
    condition     = data.aws_vpc.this.tags == tomap({ Name = "corporate" }) && data.aws_subnets.machines.tags == tomap({ tier = "private" })
    error_message = "tags are enough"
  }
}

run "subnets_of_another_vpc_are_refused" {
  command = plan

  variables {
    name       = null
    vpc_id     = "vpc-1"
    subnet_ids = ["subnet-1", "subnet-2", "subnet-3"]
  }

  expect_failures = [data.aws_subnets.machines]
}

run "something_says_which_network_it_is" {
  command = plan

  variables {
    name = null
  }

  expect_failures = [var.name]
}
