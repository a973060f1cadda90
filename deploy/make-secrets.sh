#!/bin/sh
# Makes the secrets of the compose files, by chance, in deploy/secrets/ (or the folder that is given). What is there stays.
# The folder is for you alone. The files in it may be read by all: each container mounts its own, and reads it as its own user.
set -eu
folder=${1:-$(dirname "$0")/secrets}
umask 077
mkdir -p "$folder"
cd "$folder"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
# write NAME: standard input becomes the file, whole or not at all.
write() {
  cat > ".$1.new"
  chmod 444 ".$1.new"
  mv ".$1.new" "$1"
  echo "made $folder/$1"
}

[ -e token ] || random | write token
[ -e postgres-password ] || random | write postgres-password
[ -e rabbitmq-password ] || random | write rabbitmq-password
[ -e rabbitmq.conf ] || write rabbitmq.conf << END
default_user = tanda
default_pass = $(cat rabbitmq-password)
# With less free disk it takes nothing more; without this line that begins at 50 MB.
disk_free_limit.absolute = 1GB
END
if [ ! -e s3-credentials ] || [ ! -e s3-identities.json ]; then
  key=$(random | cut -c 1-20)
  secret=$(random)
  write s3-credentials << END
[default]
aws_access_key_id = $key
aws_secret_access_key = $secret
END
  write s3-identities.json << END
{
  "identities": [
    {
      "name": "tanda",
      "credentials": [{ "accessKey": "$key", "secretKey": "$secret" }],
      "actions": ["Admin", "Read", "Write", "List"]
    }
  ]
}
END
fi
