package control

// WatchedJobs returns how many jobs this server reads for watchers.
func (c *Control) WatchedJobs() int {
	c.feeds.mu.Lock()
	defer c.feeds.mu.Unlock()
	return len(c.feeds.open)
}
