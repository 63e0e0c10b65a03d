photograph=$INPUT picture=$OUTPUT
autochrome="$HOME/autochrome"
made=$(mktemp -d)
"$autochrome/.venv/bin/python" "$autochrome/app.py" colorize "$photograph" --output "$made" --colour-photos keep-as-is &&
  mv "$made"/*.colour.* "$picture"
done=$?
rm -r "$made"
exit $done
