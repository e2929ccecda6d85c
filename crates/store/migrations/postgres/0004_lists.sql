-- Which certificates are in trouble, and how one is served: asked by every page of the list.

CREATE INDEX standing_by_status ON standing (status, leaf);
CREATE INDEX standing_by_leaf_status ON standing (leaf, status);
