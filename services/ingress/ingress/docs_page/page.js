"use strict";

function element(tag, text, ...children) {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}

function pretty(value) {
  return element("pre", JSON.stringify(value, null, 2));
}

function resolve(document_, schema) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.slice(2).split("/").reduce((at, name) => at[name], document_);
}

function firstOf(document_, schema) {
  const found = resolve(document_, schema);
  return found.anyOf && found.anyOf[0].$ref ? resolve(document_, found.anyOf[0]) : found;
}

function typeOf(document_, schema) {
  const found = resolve(document_, schema);
  if (found.anyOf) return found.anyOf.map((one) => typeOf(document_, one)).join(" or ");
  if (found.type === "array") return "list of " + typeOf(document_, found.items);
  return found.type || "anything";
}

function fieldTable(document_, schema) {
  const found = firstOf(document_, schema);
  const body = element("tbody");
  for (const [name, field] of Object.entries(found.properties || {})) {
    const needed = (found.required || []).includes(name) ? "required" : "optional";
    const limit = field.maxLength ? "at most " + field.maxLength + " characters" : "";
    body.append(element("tr", "", element("td", "", element("code", name)), element("td", typeOf(document_, field)),
      element("td", needed), element("td", limit)));
  }
  const heads = ["Field", "Type", "", ""].map((text) => element("th", text));
  return body.children.length ? element("table", "", element("thead", "", element("tr", "", ...heads)), body) : "";
}

function exchange(document_, title, part) {
  const nodes = [element("h4", title)];
  const [kind, content] = Object.entries(part.content || {})[0] || [];
  if (!kind) return nodes;
  if (title === "Request") nodes.push(element("p", Object.keys(part.content).join(", ")));
  nodes.push(fieldTable(document_, content.schema));
  if (content.example) nodes.push(pretty(content.example));
  return nodes;
}

function operationNode(document_, path, method, operation) {
  const id = operation.operationId;
  const verb = element("span", method.toUpperCase() + " ");
  verb.className = "method";
  const summary = element("summary", "", verb, element("code", path));
  if (operation.deprecated) {
    const old = element("span", " older name");
    old.className = "old";
    summary.append(old);
  }
  const text = element("p", operation.description || "");
  text.className = "text";
  const node = element("details", "", summary, text);
  node.id = id;
  if (operation.security) node.append(element("p", "Header Accesstoken: the access token."));
  if (operation.requestBody) node.append(...exchange(document_, "Request", operation.requestBody));
  for (const [status, response] of Object.entries(operation.responses || {})) {
    node.append(...exchange(document_, "HTTP " + status + ": " + response.description, response));
  }
  return node;
}

function show(document_) {
  document.getElementById("title").textContent = document_.info.title + " " + document_.info.version;
  document.getElementById("about").textContent = document_.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = (operation.tags || ["Other"])[0];
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operationNode(document_, path, method, operation));
    }
  }
  const main = document.getElementById("operations");
  main.replaceChildren();
  for (const [tag, nodes] of groups) {
    const heading = element("h2", tag);
    heading.id = tag.replaceAll(/\W+/g, "-");
    const link = element("a", tag);
    link.href = "#" + heading.id;
    document.getElementById("contents").append(element("li", "", link));
    main.append(heading, ...nodes);
  }
}

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then(show)
  .catch((error) => document.getElementById("operations").replaceChildren(element("p", "Could not be loaded: " + error)));
