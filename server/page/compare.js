/* compare.js - shows one picture before and after, with a slider between the two. */

const compare = {
  item: null,
  zoom: "fit",

  open(item, wanted) {
    if (this.item)
      this.item.row.querySelector(".show").setAttribute("aria-pressed", "false");
    this.item = item;
    item.row.querySelector(".show").setAttribute("aria-pressed", "true");
    one("#compare").hidden = false;
    one("#compare-name").textContent = item.file.name;
    one("#before").src = item.thumbnail;
    one("#after").src = item.url;
    one("#before").alt = `${item.file.name} before`;
    one("#after").alt = `${item.file.name} after`;
    one("#take").href = item.url;
    one("#take").download = outputName(item);
    one("#take").setAttribute("aria-label", `Download ${outputName(item)}`);
    this.tell([["Before", `${sides(item.before)}, ${bytes(item.file.size)}`],
      ["After", `${sides(item.after)}, ${bytes(item.out.size)}`], ["Model", item.query.model],
      ["Time", seconds(item.took)], ["Work", item.work ? seconds(item.work) : ""],
      ["Memory", item.memory ? `up to ${bytes(item.memory)}` : ""]]);
    this.lay();
    if (wanted)
      one("#compare").scrollIntoView({ block: "nearest" });
  },

  tell(facts) {
    one("#facts").replaceChildren(...facts.filter(([, words]) => words).map(([name, words]) => {
      const pair = document.createElement("div");
      pair.append(Object.assign(document.createElement("dt"), { textContent: name }),
        Object.assign(document.createElement("dd"), { textContent: words }));
      return pair;
    }));
  },

  close() {
    this.item = null;
    one("#compare").hidden = true;
    for (const name of ["#before", "#after"])
      one(name).removeAttribute("src");
  },

  /* "fit" fills the room, with at most three pixels of the screen for each pixel of the picture. Any
   * other zoom is this number of pixels exactly. */
  lay() {
    if (!this.item)
      return;
    const { width, height } = this.item.after, stage = one("#stage"), sheet = one("#sheet");
    const real = 1 / window.devicePixelRatio;
    const room = Math.min(stage.clientWidth / width, parseFloat(getComputedStyle(stage).maxHeight) / height);
    const factor = this.zoom === "fit" ? Math.min(room, 3 * real) : Number(this.zoom) * real;
    sheet.style.width = `${width * factor}px`;
    sheet.style.height = `${height * factor}px`;
    sheet.classList.toggle("pixels", Number(this.zoom) > 1);
    sheet.classList.toggle("wide", width * factor > stage.clientWidth + 1);
    for (const button of document.querySelectorAll("[data-zoom]"))
      button.setAttribute("aria-pressed", String(button.dataset.zoom === this.zoom));
  },

  setZoom(zoom) {
    const stage = one("#stage");
    const x = (stage.scrollLeft + stage.clientWidth / 2) / stage.scrollWidth;
    const y = (stage.scrollTop + stage.clientHeight / 2) / stage.scrollHeight;
    this.zoom = zoom;
    this.lay();
    stage.scrollTo(x * stage.scrollWidth - stage.clientWidth / 2, y * stage.scrollHeight - stage.clientHeight / 2);
  },

  slide(percent) {
    const clamped = Math.max(0, Math.min(100, percent));
    one("#slider").value = clamped;
    one("#slider").setAttribute("aria-valuetext", `${Math.round(clamped)} % before, ${Math.round(100 - clamped)} % after`);
    one("#before-clip").style.clipPath = `inset(0 ${100 - clamped}% 0 0)`;
    one("#handle").style.left = `${clamped}%`;
  },

  point(event) {
    const box = one("#sheet").getBoundingClientRect();
    this.slide((event.clientX - box.left) / box.width * 100);
  },

  listen() {
    const sheet = one("#sheet");
    sheet.addEventListener("pointerdown", event => {
      if (event.button !== 0)
        return;
      if (event.pointerType === "mouse")
        sheet.setPointerCapture(event.pointerId);
      this.point(event);
      event.preventDefault();
    });
    sheet.addEventListener("pointermove", event => {
      if (event.buttons & 1)
        this.point(event);
    });
    one("#slider").addEventListener("input", event => this.slide(Number(event.target.value)));
    for (const button of document.querySelectorAll("[data-zoom]"))
      button.addEventListener("click", () => this.setZoom(button.dataset.zoom));
    addEventListener("resize", () => this.lay());
    this.slide(50);
  },
};
