# coverage.awk - the sums of a CSV file of gcovr by folder, and by the folder at the top, and the files
# of which most branches never ran:
#
#   awk -f tests/lib/coverage.awk coverage.csv
#
# Exits with 1 if less than 95 % of the lines or 90 % of the branches of a top folder ran.

BEGIN { FS = "," }
FNR == 1 {
    for (i = 1; i <= NF; i++)
        column[$i] = i
    next
}
function add(name) {
    lines[name] += $column["line_total"]
    lines_run[name] += $column["line_covered"]
    branches[name] += $column["branch_total"]
    branches_run[name] += $column["branch_covered"]
    seen[name] = 1
}
function share(part, all) {
    return all ? sprintf("%5.1f %%", 100 * part / all) : "     -"
}
function row(name) {
    printf "%-24s %6d lines %s %6d branches %s\n", name, lines[name], share(lines_run[name], lines[name]),
        branches[name], share(branches_run[name], branches[name])
}
function is_low(name) {
    return lines_run[name] < 0.95 * lines[name] || branches_run[name] < 0.9 * branches[name]
}
{
    missed = $column["branch_total"] - $column["branch_covered"]
    if (missed >= 5)
        files = files sprintf("%6d branches of %s\n", missed, $column["filename"])
    folder = $column["filename"]
    sub(/[^\/]*$/, "", folder)
    add(folder)
    top = folder
    sub(/\/.*/, "", top)
    add(top)
}
END {
    count = 0
    for (name in seen)
        names[++count] = name
    for (i = 2; i <= count; i++) # few enough
        for (k = i; k > 1 && names[k - 1] > names[k]; k--) {
            other = names[k]
            names[k] = names[k - 1]
            names[k - 1] = other
        }
    for (i = 1; i <= count; i++)
        row(names[i])
    print "never ran:"
    printf "%s", files | "sort -rn"
    close("sort -rn")
    for (i = 1; i <= count; i++)
        if (names[i] !~ /\// && is_low(names[i])) {
            print names[i] ": less than 95 % of the lines or 90 % of the branches"
            low = 1
        }
    exit low
}
