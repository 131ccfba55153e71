"""The store in MongoDB, for many machines. No multi-document transaction: any server of its protocol will do."""
