// What the page needs beyond Gradio's own script, and cannot say in HTML.
(() => {
  "use strict";
  document.documentElement.lang = "en-GB";

  // The one live region: says that an answer is ready, once, rather than every change of it.
  const announce = () => {
    const progress = document.getElementById("progress");
    if (progress && progress.getAttribute("role") !== "status") {
      progress.setAttribute("role", "status");
    }
  };
  // New sources are read from the top, wherever the reader was among the old ones.
  const watchSources = () => {
    const list = document.getElementById("source-list");
    if (!list || list.dataset.isWatched) return;
    list.dataset.isWatched = "yes";
    const toTop = () => { document.getElementById("sources").scrollTop = 0; };
    new MutationObserver(toTop).observe(list, { childList: true, subtree: true });
  };

  new MutationObserver(() => { announce(); watchSources(); })
    .observe(document, { childList: true, subtree: true });

  // Gradio's <base> would turn "#source-1" into a new page when the address holds a "?".
  document.addEventListener("click", (event) => {
    const link = event.target.closest && event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    const address = location.pathname + location.search + link.getAttribute("href");
    history.replaceState(null, "", location.pathname + location.search);
    location.assign(address);
  });
})();
