/* start.js - connects the events of the page with its functions. */

function listen() {
  const body = document.body;
  one("#origin").textContent = location.origin;
  one("#ask").addEventListener("submit", event => event.preventDefault());
  one("#files").addEventListener("change", event => {
    add([...event.target.files]);
    event.target.value = ""; /* the same file may be chosen again */
  });
  one("#model").addEventListener("change", describeModel);
  one("#key").addEventListener("change", event => {
    service.key = event.target.value.trim();
    loadModels();
  });
  one("#save-all").addEventListener("click", saveAll);
  one("#clear").addEventListener("click", clearFinished);
  addEventListener("paste", event => {
    const files = [...event.clipboardData?.files || []];
    if (files.length === 0)
      return;
    event.preventDefault();
    add(files);
  });
  for (const type of ["dragenter", "dragover", "dragleave", "drop"])
    addEventListener(type, event => {
      event.preventDefault(); /* otherwise the browser opens the file in place of the page */
      const leaves = type === "dragleave" && event.relatedTarget;
      if (!leaves)
        body.classList.toggle("over", type === "dragenter" || type === "dragover");
      if (type === "drop")
        add([...event.dataTransfer.files]);
    });
  compare.listen();
  loadModels();
}

listen();
