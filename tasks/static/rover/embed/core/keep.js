// What outlives a page: the tab's storage, where the browser has one.

/** Named for the site. Without storage all is forgotten with the page. */
export function createKeep(siteId) {
  const memory = {};
  const key = (name) => `rover:${name}:${siteId}`;
  const attempt = (act) => {
    try {
      return act();
    } catch {
      return null;
    }
  };
  return {
    read: (name, store = sessionStorageOf()) => attempt(() => JSON.parse(store.getItem(key(name)))) ?? memory[name],
    write(name, value, store = sessionStorageOf()) {
      memory[name] = value ?? undefined;
      attempt(() => (value ? store.setItem(key(name), JSON.stringify(value)) : store.removeItem(key(name))));
    },
    get local() { return attempt(() => localStorage); },
  };
}

function sessionStorageOf() {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
