"""What ``safe-pip doctor`` looks at: one module for each check. A check reads, tries, and says what it found."""
