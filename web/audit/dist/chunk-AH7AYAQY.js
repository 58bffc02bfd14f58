var e=class extends Error{constructor(){super("another tab changed what is retained"),this.name="ConflictError"}};export{e as a};
