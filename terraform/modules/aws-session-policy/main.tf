# What a machine's role needs for sessions, as statements for its policy. AWS's own policy, AmazonSSMManagedInstanceCore, also reads
# every parameter.

locals {
  agent = [
    {
      Sid    = "Sessions"
      Effect = "Allow"
      Action = [
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
      ]
      Resource = "*"
    },
    {
      Sid      = "SayThatItIsThere"
      Effect   = "Allow"
      Action   = "ssm:UpdateInstanceInformation"
      Resource = "arn:aws:ec2:*:*:instance/*"
    },
  ]

  recorded = var.recording == null ? { log_group = "", bucket = "", key_alias = "" } : var.recording

  # The agent itself encrypts a session and writes its log. If it cannot, the session does not open.
  recording = [for statement in [
    {
      Sid      = "FindSessionLogs"
      Effect   = "Allow"
      Action   = "logs:DescribeLogGroups"
      Resource = "*"
    },
    {
      Sid      = "WriteSessionLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      Resource = "arn:aws:logs:*:*:log-group:${local.recorded.log_group}:*"
    },
    {
      Sid      = "CheckTheBucket"
      Effect   = "Allow"
      Action   = "s3:GetEncryptionConfiguration"
      Resource = "arn:aws:s3:::${local.recorded.bucket}"
    },
    {
      Sid      = "KeepSessionLogs"
      Effect   = "Allow"
      Action   = "s3:PutObject"
      Resource = "arn:aws:s3:::${local.recorded.bucket}/*"
    },
    {
      Sid       = "EncryptSessions"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "arn:aws:kms:*:*:key/*"
      Condition = { "ForAnyValue:StringEquals" = { "kms:ResourceAliases" = "alias/${local.recorded.key_alias}" } }
    },
  ] : statement if var.recording != null]
}
