#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the training subset of data/mnist: the first 600 images of each digit of the 60,000 MNIST training images, in
# the order of the file, 6,000 in all. Takes the training images of `make data` (build/mnist), checked against their
# SHA-256 there. The result is the same byte for byte each time.
#
#   scripts/make_training_subset.sh [folder with the training files] [destination]
set -euo pipefail
cd "$(dirname "$0")/.."
source="${1:-build/mnist}"
destination="${2:-data/mnist}"
each=600

fail() {
  echo "$0: $*" >&2
  exit 2
}
command -v perl > /dev/null || fail "perl is missing (apt-get install perl)"
for name in train-images-idx3-ubyte train-labels-idx1-ubyte; do
  [[ -f "$source/$name.gz" ]] || fail "$source/$name.gz: not found; make data fetches it"
done
[[ -d "$destination" && -w "$destination" ]] || fail "$destination: found no folder that can be written"

work="$(mktemp -d "$destination/.subset.XXXXXX")"
trap 'rm -rf "$work"' EXIT
gzip -dc "$source/train-images-idx3-ubyte.gz" > "$work/images"
gzip -dc "$source/train-labels-idx1-ubyte.gz" > "$work/labels"
# IDX: big-endian magic, count and, for images, height and width; then a byte a pixel or label.
perl -e '
  use strict;
  my ($folder, $each) = @ARGV;
  sub slurp { local $/; open(my $f, "<:raw", $_[0]) or die "$_[0]: $!\n"; return <$f>; }
  my ($images, $labels) = (slurp("$folder/images"), slurp("$folder/labels"));
  my ($magic, $count, $height, $width) = unpack("N4", $images);
  my ($label_magic, $label_count) = unpack("N2", $labels);
  die "not the IDX files of one data set\n"
    unless $magic == 0x803 && $label_magic == 0x801 && $count == $label_count;
  my ($size, %taken, $pixels, $digits) = ($height * $width);
  ($pixels, $digits) = ("", "");
  for my $i (0 .. $count - 1) {
    my $label = substr($labels, 8 + $i, 1);
    next if ($taken{$label} // 0) >= $each;
    ++$taken{$label};
    $pixels .= substr($images, 16 + $i * $size, $size);
    $digits .= $label;
  }
  for my $digit (0 .. 9) {
    my $found = $taken{chr($digit)} // 0;
    die "digit $digit: $found images, needed are $each\n" unless $found == $each;
  }
  my %files = ("images.out" => pack("N4", $magic, 10 * $each, $height, $width) . $pixels,
               "labels.out" => pack("N2", $label_magic, 10 * $each) . $digits);
  for my $name (keys %files) {
    open(my $f, ">:raw", "$folder/$name") or die "$name: $!\n";
    print $f $files{$name};
    close($f) or die "$name: $!\n";
  }' "$work" "$each" || fail "$source: no training subset was made"
gzip -9 -n < "$work/images.out" > "$work/images.gz"
gzip -9 -n < "$work/labels.out" > "$work/labels.gz"
mv -f "$work/images.gz" "$destination/train6k-images-idx3-ubyte.gz"
mv -f "$work/labels.gz" "$destination/train6k-labels-idx1-ubyte.gz"
for name in train6k-images-idx3-ubyte train6k-labels-idx1-ubyte; do
  printf '%s  %s, uncompressed\n' "$(gzip -dc "$destination/$name.gz" | sha256sum | cut -d' ' -f1)" "$name"
done
