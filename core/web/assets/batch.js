/* The pictures of a batch, one by one: looked at, held against their photographs, and downloaded. */
autochrome.batch = (element, server) => {
  const dialog = document.createElement("dialog");
  dialog.className = "one controls";
  dialog.innerHTML = '<img alt=""><div class="bar"><span class="name"></span><button type="button" class="hold"></button><button type="button" class="save"></button><button type="button" class="leave"></button></div>';
  const hold = dialog.querySelector(".hold");
  autochrome.tell(hold, "viewer.hold");
  autochrome.tell(dialog.querySelector(".save"), "download");
  autochrome.tell(dialog.querySelector(".leave"), "close");
  let file = null;
  const show = (before) => (dialog.querySelector("img").src = before ? file.before : file.preview);
  hold.addEventListener("pointerdown", () => show(true));
  hold.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && show(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) hold.addEventListener(end, () => file && show(false));
  dialog.querySelector(".save").addEventListener("click", () => autochrome.download(autochrome.fileAddress(file.path), file.name));
  dialog.querySelector(".leave").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  element.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-picture]");
    if (!button) return;
    const answer = await autochrome.busy(button, autochrome.asking(server).show_picture({ batch: button.dataset.batch, picture: button.dataset.picture }));
    if (answer.problem) return autochrome.notice.show("notice.plain", { problem: answer.problem });
    file = answer;
    hold.hidden = !file.before;
    show(false);
    dialog.querySelector(".name").textContent = button.dataset.picture;
    dialog.setAttribute("aria-label", button.dataset.picture);
    document.body.append(dialog); // out of what Gradio draws anew
    dialog.showModal();
  });
};
