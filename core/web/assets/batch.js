/* The pictures of a batch, one by one: looked at and downloaded. */
autochrome.batch = (element, server) => {
  const dialog = document.createElement("dialog");
  dialog.className = "one controls";
  dialog.innerHTML = '<img alt=""><div class="bar"><span class="name"></span><button type="button" class="save"></button><button type="button" class="leave"></button></div>';
  autochrome.tell(dialog.querySelector(".save"), "download");
  autochrome.tell(dialog.querySelector(".leave"), "close");
  let file = null;
  dialog.querySelector(".save").addEventListener("click", () => autochrome.download(autochrome.fileAddress(file.path), file.name));
  dialog.querySelector(".leave").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  element.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-picture]");
    if (!button) return;
    const answer = await autochrome.busy(button, autochrome.asking(server).show_picture({ batch: button.dataset.batch, picture: button.dataset.picture }));
    if (answer.problem) return autochrome.notice.show("notice.plain", { problem: answer.problem });
    file = answer;
    dialog.querySelector("img").src = answer.preview;
    dialog.querySelector(".name").textContent = button.dataset.picture;
    dialog.setAttribute("aria-label", button.dataset.picture);
    document.body.append(dialog); // out of what Gradio draws anew
    dialog.showModal();
  });
};
