import { createRoot } from "react-dom/client";
import "@pgsidecar/client/styles.css";
import "./style/base.css";
import "./style/controls.css";
import "./style/overview.css";
import "./style/panels.css";
import "./style/charts.css";
import { Sidecar } from "./data/sidecar.js";
import { takeTokenFromFragment } from "./data/token.js";
import { App } from "./view/app.js";

takeTokenFromFragment();
const sidecar = new Sidecar(new URL(".", location.href));
const place = document.getElementById("app");
if (place) createRoot(place).render(<App sidecar={sidecar} />);
sidecar.start();
