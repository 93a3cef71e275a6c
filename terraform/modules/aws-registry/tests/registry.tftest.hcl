mock_provider "aws" {}

variables {
  names  = ["example/vision", "example/api"]
  region = "ap-northeast-1"
}

run "tags_cannot_be_moved" {
  command = plan

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE"])
    error_message = "what was signed and scanned is what the tag names"
  }
}

run "images_are_scanned_and_encrypted" {
  command = plan

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_scanning_configuration[0].scan_on_push && repository.encryption_configuration[0].encryption_type == "KMS"])
    error_message = "each image is scanned when it is pushed, and encrypted"
  }
}

run "a_malformed_name_is_refused" {
  command = plan

  variables {
    names = ["Example/Vision"]
  }

  expect_failures = [var.names]
}
