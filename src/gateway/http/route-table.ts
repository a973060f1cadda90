/** Which methods a path takes, to say 405 and not 404 to the others. */
export class RouteTable {
  readonly #routes = new Map<string, { form: RegExp; methods: Set<string> }>();

  add(methods: string | readonly string[], url: string): void {
    let route = this.#routes.get(url);
    if (!route) {
      const form = url
        .split("/")
        .map((part) => (part.startsWith(":") ? "[^/]+" : part.replaceAll(".", "\\.")));
      route = { form: new RegExp(`^${form.join("/")}/?$`), methods: new Set() };
      this.#routes.set(url, route);
    }
    for (const method of [methods].flat()) route.methods.add(method);
  }

  methodsOf(path: string): string[] {
    const methods = new Set<string>();
    for (const route of this.#routes.values()) {
      if (route.form.test(path)) for (const method of route.methods) methods.add(method);
    }
    return [...methods].sort();
  }
}
