variable "recording" {
  description = "Where sessions are recorded: the log group, the bucket, and the alias (without alias/) of the key that encrypts both. Null for machines that only image builds open sessions on: those are not recorded."
  type        = object({ log_group = string, bucket = string, key_alias = string })
  default     = null
}
