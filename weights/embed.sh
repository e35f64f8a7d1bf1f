# embed.sh FILE.json... - prints a C file that holds these files (server/models/embedded.h).
set -eu

echo '/* Made by weights/embed.sh from the models in weights/. */'
echo '#include "server/models/embedded.h"'
n=0
for file; do
    echo "static const uint8_t bytes_$n[] = {"
    od -An -v -tu1 "$file" | sed 's/  */,/g; s/^,//; s/$/,/'
    echo '};'
    n=$((n + 1))
done
echo 'const struct embedded_model embedded_models[] = {'
n=0
for file; do
    echo "    {\"$(basename "$file" .json)\", bytes_$n, sizeof bytes_$n, \"$(sha256sum <"$file" | cut -c1-64)\"},"
    n=$((n + 1))
done
echo '    {0, 0, 0, 0},'
echo '};'
echo "const int embedded_count = $n;"
