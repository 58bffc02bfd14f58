#!/bin/bash
# Makes the vectors of keys.txt that come from the formats' own tools: OpenSSH,
# GnuPG and OpenSSL. Each run makes new keys. Prints to standard output; needs
# ssh-keygen, gpg, openssl and xxd. Fingerprints are the tools' own words.
set -eu
dir=$(mktemp -d)
trap 'gpgconf --homedir "$dir/gpg" --kill all >/dev/null 2>&1 || :; rm -rf "$dir"' EXIT
cd "$dir"
mkdir -m 700 gpg

vector() { # name, format, source, fingerprint, then further lines; data on standard input
	printf '\nname: %s\nformat: %s\nsource: %s\nfingerprint: %s\n' "$1" "$2" "$3" "$4"
	shift 4
	for line; do echo "$line"; done
	echo "data: $(xxd -p | tr -d '\n')"
}

ssh_vector() { # name, weak words or nothing, arguments of ssh-keygen
	name=$1 weak=$2
	shift 2
	ssh-keygen -q -N '' -C '' -f "$name" "$@"
	print=$(ssh-keygen -l -f "$name.pub" | cut -d' ' -f2)
	cut -d' ' -f2 "$name.pub" | base64 -d | vector "$name" SSH ssh-keygen "$print" ${weak:+"weak: $weak"}
}

ssh_vector ssh-ed25519 '' -t ed25519
ssh_vector ssh-ecdsa-384 '' -t ecdsa -b 384
ssh_vector ssh-rsa-2048 '' -t rsa -b 2048
ssh_vector ssh-rsa-1024 rsa-1024 -t rsa -b 1024
ssh_vector ssh-dss dsa -t dsa

gpg() { command gpg --homedir "$dir/gpg" --batch --quiet --no-tty --passphrase '' --pinentry-mode loopback --faked-system-time 20260101T000000 "$@"; }

pgp_vector() { # name, user id, further lines
	name=$1 uid=$2
	shift 2
	print=$(gpg --with-colons --fingerprint "=$uid" 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')
	gpg --export "=$uid" | vector "$name" OpenPGP gpg "$print" "$@"
}

gpg --quick-generate-key 'plain <plain@example.org>' ed25519 sign never
pgp_vector openpgp-ed25519 'plain <plain@example.org>' 'description: EdDSA 2026-01-01'

gpg --quick-generate-key 'expires <expires@example.org>' rsa2048 cert,sign 2026-12-31
pgp_vector openpgp-expires 'expires <expires@example.org>' "expires: $(gpg --with-colons -k '=expires <expires@example.org>' | awk -F: '/^pub/ { print $7 }')" 'description: RSA-2048 2026-01-01'

gpg --quick-generate-key 'subkeys <subkeys@example.org>' ed25519 cert never
print=$(gpg --with-colons -k '=subkeys <subkeys@example.org>' | awk -F: '/^fpr/ { print $10; exit }')
gpg --quick-add-key "$print" cv25519 encr 2026-06-30
gpg --quick-add-key "$print" ed25519 sign 2026-09-30
pgp_vector openpgp-subkeys-expire 'subkeys <subkeys@example.org>' "expires: $(gpg --with-colons -k "$print" | awk -F: '/^sub/ { print $7 }' | sort -n | tail -1)"

gpg --cert-digest-algo SHA1 --allow-weak-key-signatures --quick-generate-key 'sha1 <sha1@example.org>' rsa2048 sign never
pgp_vector openpgp-sha1 'sha1 <sha1@example.org>' 'weak: sha1-binding'

gpg --cert-digest-algo SHA256 --quick-generate-key 'old <old@example.org>' rsa1024 sign never
pgp_vector openpgp-rsa-1024 'old <old@example.org>' 'weak: rsa-1024'

cat >dsa <<'END'
%no-protection
Key-Type: DSA
Key-Length: 1024
Subkey-Type: ELG
Subkey-Length: 1024
Name-Real: dsa
Name-Email: dsa@example.org
Expire-Date: 0
END
gpg --cert-digest-algo SHA256 --generate-key dsa
pgp_vector openpgp-dsa-elgamal 'dsa <dsa@example.org>' 'weak: dsa elgamal-1024'

gpg --quick-generate-key 'revoked <revoked@example.org>' ed25519 sign never
print=$(gpg --with-colons -k '=revoked <revoked@example.org>' | awk -F: '/^fpr/ { print $10; exit }')
sed 's/^:---/---/' "gpg/openpgp-revocs.d/$print.rev" | gpg --import
pgp_vector openpgp-revoked 'revoked <revoked@example.org>' 'revoked: yes'

gpg --quick-generate-key 'brainpool <brainpool@example.org>' brainpoolP256r1 sign never
pgp_vector openpgp-brainpool 'brainpool <brainpool@example.org>'

x509_vector() { # name, further lines on standard input, arguments of openssl req
	name=$1 lines=$2
	shift 2
	openssl req -x509 -nodes -keyout key.pem -out cert.pem -days 365 -subj "/CN=$name" "$@" 2>/dev/null
	print=$(openssl x509 -in cert.pem -noout -fingerprint -sha256 | cut -d= -f2)
	ends=$(date -d "$(openssl x509 -in cert.pem -noout -enddate | cut -d= -f2)" +%s)
	openssl x509 -in cert.pem -outform DER | vector "$name" X.509 openssl "$print" "expires: $ends" ${lines:+"$lines"}
}

x509_vector x509-p256 'description: ECDSA P-256' -newkey ec -pkeyopt ec_paramgen_curve:P-256
x509_vector x509-ed25519 'description: Ed25519' -newkey ed25519
x509_vector x509-rsa-2048 'description: RSA-2048' -newkey rsa:2048
x509_vector x509-rsa-1024-sha1 'weak: rsa-1024 sha1-signature' -newkey rsa:1024 -sha1
x509_vector x509-p224 'weak: ecc-224' -newkey ec -pkeyopt ec_paramgen_curve:secp224r1
openssl dsaparam -genkey 1024 2>/dev/null >dsa.pem
x509_vector x509-dsa 'weak: dsa' -key dsa.pem -sha256
