"""What others read of a project's packages, and what others say of them: SBOM and VEX, out and in."""
