"""Write the compiled contracts into the package: ``unbond/contracts.json``, for ``make package``.

Projects that install the package deploy from this file, and need neither the sources nor a
compiler.
"""

from __future__ import annotations

from ethpm_types import PackageManifest

from unbond.artifacts import MANIFEST, project


def main() -> None:
    """Compile what is not compiled, and write all contract types, sorted by name."""
    compiled = {name: found.contract_type for name, found in project().load_contracts().items()}
    manifest = PackageManifest(
        manifest="ethpm/3",
        contractTypes={name: compiled[name] for name in sorted(compiled)},
    )
    text = manifest.model_dump_json(by_alias=True, exclude_none=True)
    MANIFEST.write_text(text + "\n", encoding="utf-8")
    print(f"package: {len(compiled)} contracts, {len(text) // 1024} KiB, in {MANIFEST.name}")


if __name__ == "__main__":
    main()
