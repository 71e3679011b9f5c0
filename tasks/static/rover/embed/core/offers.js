// What the page's own scripts bring to a step: tools, and words beside the wish.

const TOOLS = 16;
const CONTEXTS = 4;
const CONTEXT_MS = 500;
const TEXT_MAX = 3_900;

export const textOf = (value) => `${typeof value === "string" ? value : JSON.stringify(value) ?? ""}`.slice(0, TEXT_MAX);

/** `tools`: by name {def, handler}; `contexts`: by themselves, functions. Both are the page's and may change at any time. */
export function createOffers({ tools, contexts }) {
  const isSchema = (one) => one?.type === "object";
  const described = ({ name, title, description, parameters, required, schema, annotations = {} }) => ({
    name, title, description,
    parameters: [schema, parameters].find(isSchema) ?? { type: "object", properties: parameters, required },
    sideEffect: annotations.sideEffect, requiresConfirmation: annotations.requiresConfirmation,
  });

  /** As it is sent; nothing for what cannot be. */
  const written = (def) => {
    try {
      return [JSON.parse(JSON.stringify(described(def)))];
    } catch {
      return [];
    }
  };

  async function said(give) {
    const late = new Promise((done) => { setTimeout(done, CONTEXT_MS); });
    const found = await Promise.race([Promise.resolve().then(give), late]).catch(() => "");
    return textOf(found?.text ?? found ?? "");
  }

  return {
    tools: () => [...tools.values()].map(({ def }) => def).filter(({ llmCallable }) => llmCallable !== false)
      .slice(0, TOOLS).flatMap(written),
    contexts: () => Promise.all([...contexts.keys()].slice(0, CONTEXTS).map(said)),
    handler: (name) => tools.get(name)?.handler,
  };
}
