// Adds a button to each command line that copies it. Everything else works without scripts.
"use strict";
// The button keeps its name for screen readers, so what became of a copy is told in an element that they listen to.
const told = document.createElement("p");
told.className = "unseen";
told.setAttribute("role", "status");
document.body.append(told);
for (const line of document.querySelectorAll(".cli code")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy the command");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    told.textContent = button.textContent;
    setTimeout(() => { button.textContent = "Copy"; told.textContent = ""; }, 2000);
  });
  line.after(button);
}
