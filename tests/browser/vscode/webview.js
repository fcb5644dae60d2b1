// The webview in which VS Code shows the outputs of a notebook, as far as widgets need it:
// Microsoft's widget manager, a kernel, and one MIME type of each output.
import { activate } from "./ipywidgets.js";

const { CommsOverSubshells, KernelAPI, KernelConnection, ServerConnection } = window["@jupyterlab/services"];
const VIEW = "application/vnd.jupyter.widget-view+json";
const ORDER = [VIEW, "text/html", "text/plain"];
const container = document.getElementById("container");
let kernel, manager;

// The manager defines the modules of ipywidgets, and asks for them by name.
const modules = new Map();
window.define = (name, factory) => modules.set(name, factory());
window.requirejs = (names, found, missing) =>
  names.every((name) => modules.has(name))
    ? found(...names.map((name) => modules.get(name)))
    : missing(new Error(`there is no module ${names}`));
activate();
window.vscIPyWidgets8.load();

/** Where a cell shows its outputs, emptied: VS Code takes the elements away, and keeps the views. */
const cells = new Map();
function emptied(id) {
  if (!cells.has(id)) cells.set(id, element(element(container, "cell_container"), "output_container"));
  cells.get(id).replaceChildren();
  return cells.get(id);
}

function element(parent, className) {
  const made = document.createElement("div");
  made.className = className;
  return parent.appendChild(made);
}

async function start(baseUrl, token) {
  const wsUrl = baseUrl.replace(/^http/, "ws");
  const serverSettings = ServerConnection.makeSettings({ baseUrl, wsUrl, token, appendToken: true });
  const model = await KernelAPI.startNew({ name: "python3" }, serverSettings);
  // VS Code knows of no subshells: a widget's messages wait for the cell that runs.
  const commsOverSubshells = CommsOverSubshells.Disabled;
  kernel = new KernelConnection({ model, serverSettings, commsOverSubshells });
  const scripts = {
    widgetsRegisteredInRequireJs: new Set(),
    loadWidgetScript: async () => {},
    successHandler: () => {},
    errorHandler: (name, module, version, error) => console.error(name, module, version, error),
  };
  manager = new window.vscIPyWidgets.WidgetManager(kernel, undefined, scripts, () => {});
}

/** VS Code presses buttons itself: half a second later, those that are there by then. */
function pressBy(keys, region) {
  for (const button of region.querySelectorAll("button:not([tabindex])")) {
    button.tabIndex = 0;
    button.addEventListener("keydown", (event) => {
      if (!keys.includes(event.key)) return;
      event.preventDefault();
      button.click();
    });
  }
}

async function showWidget(parent, view) {
  const model = await manager.get_model(view.model_id);
  // VS Code marks both the output and a region in it.
  parent.classList.add("cell-output-ipywidget-background");
  const region = element(parent, "cell-output-ipywidget-background");
  region.tabIndex = 0;
  region.setAttribute("role", "region");
  region.setAttribute("aria-label", "Interactive widget output");
  element(region, "cell-output");
  await manager.display_view(view, await manager.create_view(model, { el: region }), { node: region });
  setTimeout(pressBy, 500, ["Enter", " "], region);
}

/** The first MIME type that can be shown: a widget only where the kernel has its model. */
async function show(cell, data) {
  const able = (mime) => mime in data && (mime !== VIEW || manager?.has_model(data[VIEW].model_id));
  const mime = ORDER.find(able);
  const output = element(cell, "output");
  output.dataset.mime = mime;
  if (mime === VIEW) await showWidget(output, data[VIEW]);
  else if (mime === "text/html") output.innerHTML = data[mime];
  else output.appendChild(document.createElement("pre")).textContent = data[mime];
}

function shown({ header, content }) {
  switch (header.msg_type) {
    case "display_data":
    case "execute_result":
      return content.data;
    case "stream":
      return { "text/plain": content.text };
    case "error":
      console.error(content.traceback.join("\n"));
  }
  return null;
}

window.webview = {
  start,
  /** Runs a cell; what it put out, once all of it is shown. */
  async run(id, code) {
    const cell = emptied(id);
    const future = kernel.requestExecute({ code }, false, { cellId: id });
    const outputs = [];
    let last = Promise.resolve();
    future.onIOPub = (message) => {
      const data = shown(message);
      if (data === null) return;
      outputs.push(data);
      last = last.then(() => show(cell, data));
    };
    await future.done;
    await last;
    return outputs;
  },
  /** Shows the outputs of a notebook that was saved. */
  async reopen(outputs) {
    const cell = emptied("saved");
    for (const data of outputs) await show(cell, data);
  },
  kernel: () => kernel,
};
