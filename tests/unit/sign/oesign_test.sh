#!/bin/sh
# SPDX-License-Identifier: MIT
# oesign from the outside: commands, files, texts and exit statuses.
# usage: oesign_test.sh OESIGN IMAGES ENGINE TOOLS
set -eu
oesign=$(realpath "$1") images=$(realpath "$2") engine=$(realpath "$3")
tools=$(realpath "$4")
command -v openssl >/dev/null || { echo "no openssl program: skipped"; exit 77; }

d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
cd "$d"

fail()
{
	echo "FAILED: $*"
	sed 's/^/    /' out err 2>/dev/null || :
	exit 1
}

# run STATUS ARGUMENTS...: oesign must end with this status.
run()
{
	want=$1
	shift
	got=0
	"$oesign" "$@" >out 2>err || got=$?
	[ "$got" = "$want" ] || fail "oesign $*: status $got, wanted $want"
}

# said FILE TEXT: a line with this text is in out or err.
said()
{
	grep -qF -- "$2" "$1" || fail "no '$2' in $1"
}

same()
{
	[ "$1" = "$2" ] || fail "'$1' is not '$2'"
}

openssl genrsa -3 3072 >key.pem 2>/dev/null
openssl genrsa 3072 >wrong_e.pem 2>/dev/null
openssl req -new -x509 -key key.pem -subj /CN=signer -days 1 -out cert.pem
cp "$images"/plain "$images"/threads "$images"/large "$images"/kss \
	"$images"/zero_base "$images"/unset "$images"/needs \
	"$images"/libother.so .
chmod 755 plain

echo "usage and options"
run 1
said err "Usage: $oesign <command>"
run 1 frobnicate
said err "Usage: $oesign <command>"
run 0 sign --help
said err "Usage: $oesign sign"
run 0 digest -h
run 0 dump -h
run 1 sign
said err "Usage: $oesign sign"
run 1 digest
said err "Usage: $oesign digest"
run 1 dump
said err "$oesign ERROR: --enclave-image option is missing"
run 1 sign -k key.pem
said err "--enclave-image option is missing"
run 1 sign -e plain --frobnicate
run 1 sign -e plain
said err "One of the SIGN_OPTIONS like --key-file must be specified"
run 1 sign -e plain -k key.pem -n x
said err "--key-file cannot be used with engine options"
run 1 sign -e plain -d x -n x
said err "--digest-signature and --x509 cannot be used with engine options"
run 1 sign -e plain -n x
said err "Both --key-id and its --engine must be specified"
run 1 sign -e plain -k key.pem -x cert.pem
said err "--key-file cannot be used with digest signing options"
run 1 sign -e plain -d x
said err "--digest-signature must be used with --x509"
run 1 digest -e plain
said err "--digest-file option is missing"

echo "sign with a key file"
run 0 sign -e plain -k key.pem
same "$(cat out)" "Created plain.signed"
same "$(stat -c %a plain.signed)" 755
same "$(stat -c %s plain.signed)" "$(stat -c %s plain)"
for image in plain threads large needs; do
	run 0 sign --enclave-image $image --key-file key.pem \
		--output-file "$image.out"
	same "$(cat out)" "Created $image.out"
	value=$(python3 "$tools"/measure.py $image)
	same "$(python3 "$tools"/measure.py $image.out)" "$value"
	same "$(python3 "$tools"/sigstruct.py $image.out mrenclave)" "$value"
	same "$(python3 "$tools"/sigstruct.py $image.out date)" "$(date +%Y%m%d)"
	run 0 dump -e $image.out
	said out "mrenclave=$value"
	said out "mrsigner=$(python3 "$tools"/sigstruct.py $image.out mrsigner)"
done

echo "dump"
run 0 dump --enclave-image threads.out
cat >expected <<END

=== Entry point: 
name=_start
address=0xENTRY

=== SGX Enclave Properties:
product_id=1
security_version=1
debug=1
xfrm=0x0000000000000000
num_heap_pages=20
num_stack_pages=5
num_tcs=3
mrenclave=HEX
mrsigner=HEX
signature=HEX

END
sed -E 's/(address=0x)[0-9a-f]{16}$/\1ENTRY/
	s/^(mrenclave=|mrsigner=)[0-9a-f]{64}$/\1HEX/
	s/^(signature=)[0-9a-f]{768}$/\1HEX/' out >found
diff expected found || fail "dump prints something else"
run 0 dump -e plain
said out "mrenclave=$(printf '%064d' 0)"
run 1 dump -e key.pem
said err "Failed to load key.pem as ELF64"
run 1 dump -e no_such_file

echo "configuration files"
cat >good.conf <<END
# comment
Debug=0
NumHeapPages=100
NumStackPages=3
NumTCS=2
ProductID=11
SecurityVersion=22
FamilyID=00112233-4455-6677-8899-aabbccddeeff
CapturePFGPExceptions=1
END
run 0 sign -e unset -c good.conf -k key.pem
run 0 dump -e unset.signed
for line in product_id=11 security_version=22 debug=0 num_heap_pages=100 \
	num_stack_pages=3 num_tcs=2; do
	said out "$line"
done
same "$(python3 "$tools"/sigstruct.py unset.signed mrenclave)" \
	"$(python3 "$tools"/measure.py unset.signed)"
same "$(python3 "$tools"/sigstruct.py unset.signed attributes)" 0000000000000084
same "$(python3 "$tools"/sigstruct.py unset.signed attributes_mask)" \
	fffffffffffffffb
same "$(python3 "$tools"/sigstruct.py unset.signed miscmask)" fffffffe
same "$(python3 "$tools"/sigstruct.py unset.signed family_id)" \
	00112233445566778899aabbccddeeff
same "$(python3 "$tools"/sigstruct.py unset.signed prod_id)" 11
same "$(python3 "$tools"/sigstruct.py unset.signed svn)" 22
printf 'CreateZeroBaseEnclave=1\nStartAddress=1048576\n' >zero.conf
run 0 sign -e zero_base -c zero.conf -k key.pem
same "$(python3 "$tools"/sigstruct.py zero_base.signed mrenclave)" \
	"$(python3 "$tools"/measure.py zero_base.signed)"
run 1 sign -e unset -k key.pem
said err "Invalid enclave property value: header.size_settings.num_tcs"
echo Debug=7 >bad.conf
run 1 sign -e plain -c bad.conf -k key.pem
said err "$oesign ERROR: bad.conf(1): 'Debug' value must be 0 or 1"
said err "$oesign ERROR: Failed to load configuration file: bad.conf"
run 1 digest -e plain -c no_such.conf -d x
said err "Failed to load configuration file: no_such.conf"
# Without a file KSS is dropped, and that is said.
run 0 sign -e kss -k key.pem
said err "signed without"
same "$(python3 "$tools"/sigstruct.py kss.signed attributes)" 0000000000000006

echo "what cannot be signed"
run 1 sign -e key.pem -k key.pem
said err "Failed to load enclave: key.pem: result=OE_INVALID_IMAGE (0x3c)"
run 1 sign -e no_such_file -k key.pem
said err "result=OE_NOT_FOUND (0x9)"
run 1 sign -e plain -k no_such.pem
said err "Failed to load file: no_such.pem"
run 1 sign -e plain -k wrong_e.pem
said err "oe_sgx_sign_enclave() failed: result=OE_INVALID_SGX_SIGNING_KEY (0x3b)"
run 1 sign -e plain -k cert.pem
said err "result=OE_CRYPTO_ERROR"
run 1 sign -e plain -k key.pem -o no_such_folder/x
said err "no_such_folder/x"

echo "digest, a signature made elsewhere, sign"
day=$(date +%d)
run 0 digest -e large -c good.conf -d digest.bin
same "$(cat out)" "Created digest.bin"
same "$(stat -c %s digest.bin)" 32
openssl pkeyutl -sign -inkey key.pem -pkeyopt digest:sha256 -in digest.bin \
	-out digest.sig
run 0 sign -e large -c good.conf -d digest.sig -x cert.pem -o large.digest
if [ "$day" = "$(date +%d)" ]; then # the date is signed
	run 0 sign -e large -c good.conf -k key.pem -o large.direct
	cmp large.direct large.digest || fail "the two ways differ"
fi
same "$(python3 "$tools"/sigstruct.py large.digest digest)" \
	"$(od -An -tx1 digest.bin | tr -d ' \n')"
run 0 sign -e large -c good.conf --digest-file digest.sig --x509 cert.pem
run 1 sign -e large -d digest.sig -x cert.pem -o never
said err "Digest signature cannot be validated against the specified enclave configuration using the provided certificate."
run 1 sign -e large -c good.conf -d digest.bin -x cert.pem -o never
said err "Digest signature cannot be validated"
run 1 sign -e large -c good.conf -d no_such.sig -x cert.pem -o never
said err "Failed to load file: no_such.sig"
run 1 sign -e large -c good.conf -d digest.sig -x key.pem -o never
said err "oe_sgx_digest_sign_enclave() failed: result=OE_CRYPTO_ERROR"
[ ! -e never ] || fail "a refused signature was written"

echo "keys in an engine"
mkdir keys
cp key.pem keys/release
export TEST_ENGINE_KEYS="$d/keys"
run 0 sign -e threads -n test_engine -i release -p "$engine" -o threads.engine
run 0 sign -e threads -k key.pem -o threads.file
[ "$day" != "$(date +%d)" ] || cmp threads.engine threads.file ||
	fail "engine and file differ"
run 1 sign -e threads -n test_engine -i absent -p "$engine"
said err "the engine has no private key absent"
said err "oe_sgx_sign_enclave_from_engine() failed"
run 1 sign -e threads -n test_engine -i release
said err "there is no engine test_engine"
run 1 sign -e threads -n test_engine -i release -p /no/such.so
said err "engine test_engine cannot be loaded"
run 1 sign -e threads -n other_engine -i release -p "$engine"
said err "engine other_engine cannot be loaded"

echo "every bit of a signed image counts"
python3 - plain.signed <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(bytes.fromhex("06000000e10000000000010000000000"))
for n, byte in enumerate((17, 22, 130, 520, 901, 930, 970, 1025, 1100, 1500)):
    data[at + byte] ^= 1 << n % 8
    open(f"flipped{n}", "wb").write(data)
    data[at + byte] ^= 1 << n % 8
END
for n in 0 1 2 3 4 5 6 7 8 9; do
	! python3 "$tools"/sigstruct.py flipped$n >out 2>err ||
		fail "bit flip $n verifies"
done
echo "all good"
