"""How agents find out what a site offers.

    reading       lenient reading of JSON that an owner stored
    told          `siteConfig.agentDiscovery`, typed
    offer         one site as agents may know it, and where they read of it
    skills        what can be asked for: published shortcuts, and what the owner added
    capabilities  the same in detail, and on which pages
    card          the agent card
    profile       rover-site.json
    llms          llms.txt
    marker, tags  the signs inside a page and the Link header
    artefacts     the three files by name
    silence       why a site publishes nothing

All of it is declarative: JSON, links, and plain text that describes. No text of ours tells an agent what to
do, and no prompt of a shortcut is in any of it.
"""
